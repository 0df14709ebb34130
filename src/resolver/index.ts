export { agreeOnVersions, type RootsResolution, type RootToResolve } from './agree-on-versions.ts'
export { rankCandidates } from './candidates.ts'
export {
  type JudgedGroup,
  judgeAlternatives,
  type RejectedAlternative,
  type Rejection,
  type Step,
} from './judge-alternatives.ts'
export type { ManifestChange } from './manifest-change.ts'
export type {
  AskedMove,
  ChangeRequest,
  ChangeResolution,
  Explanation,
  ForcedChange,
  HeldBack,
  PreviousDeb,
  Resolution,
  ResolutionNote,
  ResolutionRequest,
  ResolvedPackage,
  WantedPackage,
} from './model.ts'
export { readRecordedProblem } from './read-recorded-problem.ts'
export { recordProblem } from './record-problem.ts'
export { resolveChange } from './resolve-change.ts'
export { resolvePackages } from './resolve-packages.ts'
export { verifyResolution } from './verify-resolution.ts'
