export { askRevision, type RevisionAnswer, type RevisionService } from './ask-revision.ts'
export { type Assignment, assignRevision, type RevisionMode } from './assign.ts'
export { type RevisionExport, readExport, writeExport } from './exchange-rows.ts'
export { type RevisionKey, readRevisionKey } from './key.ts'
export { openTable, readTablePlace } from './open-table.ts'
export { compareRevisions, isRevision, type Revision } from './revision-number.ts'
export type { RevisionRow, RevisionTable, TableKind, TablePlace, TableUse } from './table.ts'
export {
  defaultVersionTemplate,
  readVersionTemplate,
  type VersionTemplate,
  versionOf,
} from './template.ts'
