export type { Continuity } from './continuity.ts'
export { type EvidencedIndex, folderOfSuite, readEvidence, type SuiteEvidence } from './evidence.ts'
export { findSources, type ListedSource } from './find-sources.ts'
export { type DebOrigin, indexOfDebs } from './index-of-debs.ts'
export {
  type ArchivesRequest,
  type ListedArchives,
  listArchives,
  type OpenArchives,
  type OpenRelease,
  openArchives,
} from './open-archives.ts'
export { type OpenIndexes, openIndexes } from './packages-index/open-indexes.ts'
export { indexPackages, type PackagesIndex } from './packages-index/packages-index.ts'
export { openUniverse, type UniverseRequest } from './packages-index/universe.ts'
export { formatTimestamp } from './release-date.ts'
export type { IndexOrigin, ListedIndex, VerifiedIndex } from './verified-index.ts'
