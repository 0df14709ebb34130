export { buildLockfile, type LockParts, type ResolvedDeb, type ResolvedRoot } from './build.ts'
export { checkLockContents, checkLockfile, type LockProblem } from './check.ts'
export { takeSides } from './conflict-markers.ts'
export {
  type DebChange,
  diffLockfiles,
  isEmptyDifference,
  type KeyChange,
  type LockDifference,
  type SourceChange,
} from './difference.ts'
export { debsOfRoot, graphOf, type LockGraph, type LockPath, pathsTo } from './graph.ts'
export {
  conflictOver,
  type LockMerge,
  type LockTexts,
  mergeLocks,
  problemsOfMerge,
  readMergeable,
} from './merge-texts.ts'
export { blockOf, type LockBlock, type LockedDeb, type Lockfile, type LockRequest, lockFormat } from './model.ts'
export { readLockfile } from './read.ts'
export { compareRequests, ownDebsAt, ownDebsOrigin, type RequestChange, requestOf } from './request.ts'
export { debKey, derivedFileName, pinnedBy, type SourceBlock, sourceBlocks } from './sources.ts'
export type { Three } from './three-way.ts'
export { writeLockfile } from './write.ts'
