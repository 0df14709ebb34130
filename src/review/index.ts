export { contentFindings, type DebPair, debContents } from './deb-contents.ts'
export { type Block, type Emphasis, foreign, own, type Piece } from './document.ts'
export { type Gate, type GateName, gateNames, ofContents, stoppedBy } from './gates.ts'
export { lineDifference } from './line-difference.ts'
export { bodyLimits, type Forge, formatMarkdown } from './markdown.ts'
export type {
  DebContents,
  DeepReview,
  ManifestComparison,
  Review,
  ReviewedDeb,
  ReviewedSource,
  SourceSection,
  TrustFinding,
  TrustKind,
} from './model.ts'
export { trustKinds } from './model.ts'
export { reviewDocument } from './review-document.ts'
export { type ReviewRequest, type ReviewSide, reviewLocks } from './review-locks.ts'
export { type UpstreamStep, type VersionPair, type VersionStep, versionStep } from './version-step.ts'
