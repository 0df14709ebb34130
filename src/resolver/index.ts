export type {
  Explanation,
  Resolution,
  ResolutionNote,
  ResolutionRequest,
  ResolvedPackage,
  WantedPackage,
} from './model.ts'
export { resolvePackages } from './resolve-packages.ts'
export { verifyResolution } from './verify-resolution.ts'
