export type { BinaryPackage, Listing, MultiArch, ReleaseFacts, SourceReference } from './binary-package.ts'
export { describePackage } from './binary-package.ts'
export type { PackageUniverse } from './package-universe.ts'
export type { OrGroup, ProvidedName, Relation, VersionConstraint, VersionOperator } from './relation.ts'
