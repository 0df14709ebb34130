export { type OpenIndexes, openIndexes } from './packages-index/open-indexes.ts'
export { indexPackages, type PackagesIndex } from './packages-index/packages-index.ts'
export { openUniverse, type UniverseRequest } from './packages-index/universe.ts'
export type { IndexOrigin, ListedIndex, VerifiedIndex } from './verified-index.ts'
