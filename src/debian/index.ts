export {
  type ArchitectureTuple,
  architectureTuple,
  checkArchitecture,
  coversArchitecture,
  isArchitectureWildcard,
  knownArchitectures,
  matchesArchitecture,
} from './architecture.ts'
export type { BinaryPackage, Listing, MultiArch, ReleaseFacts, SourceReference } from './binary-package.ts'
export { describePackage } from './binary-package.ts'
export {
  type ChangelogEntry,
  type ChangelogPart,
  changesBetween,
  closedBugsIn,
  cveIdsIn,
  readChangelog,
} from './changelog.ts'
export { compileExpression, expressionProblem } from './expression/expression.ts'
export { isPackageName } from './package-name.ts'
export type { PackageUniverse } from './package-universe.ts'
export { poolPathProblem } from './pool-path.ts'
export type {
  OrGroup,
  ProvidedName,
  Relation,
  RestrictedOrGroup,
  RestrictedRelation,
  VersionConstraint,
  VersionOperator,
} from './relation.ts'
export { formatOrGroup, formatProvidedName, formatRelation } from './relation-format.ts'
export { type RelationMemory, relationMemory } from './relation-memory.ts'
export { parseOrGroups, parseProvides, parseRelations, parseRestrictedOrGroups } from './relation-parser.ts'
export { readSourcePackage, type SourceFile, type SourcePackage, sourceKey } from './source-package.ts'
export { type BinaryRebuild, parseBinaryRebuild, parseSourceReference } from './source-version.ts'
export { type RootArchitectures, universeOfPackages } from './universe-of-packages.ts'
export { compareVersions, parseVersion, satisfies, type Version, versionProblem } from './version.ts'
