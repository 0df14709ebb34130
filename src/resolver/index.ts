export type {
  Explanation,
  Resolution,
  ResolutionNote,
  ResolutionRequest,
  ResolvedPackage,
  WantedPackage,
} from './model.ts'
