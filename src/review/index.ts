export {
  type Audit,
  type AuditedVulnerability,
  type AuditGate,
  auditGates,
  auditLock,
  type FixPlace,
  stoppedAudit,
} from './audit.ts'
export { type ReviewedEntry, reviewedChangelog, type SourceChangelog } from './changelogs.ts'
export { contentFindings, type DebPair, debContents } from './deb-contents.ts'
export { type Block, type Emphasis, foreign, own, type Piece } from './document.ts'
export { type Gate, type GateName, gateNames, ofContents, stoppedBy } from './gates.ts'
export {
  type AgeVerdict,
  changeKindsOf,
  expiredRules,
  isUpdate,
  judgeChange,
  type PolicyVerdict,
  requiredAgeSeconds,
} from './judge-policy.ts'
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
export { type NewerVersion, newerVersions } from './newer-versions.ts'
export { reviewDocument, updateDocument } from './review-document.ts'
export { type ReviewRequest, type ReviewSide, reviewLocks } from './review-locks.ts'
export { stepText } from './review-words.ts'
export {
  readSecurityData,
  type SecurityData,
  type SecurityQuestion,
  type Urgency,
  type Vulnerability,
} from './security-data.ts'
export { type UpstreamStep, type VersionPair, type VersionStep, versionStep } from './version-step.ts'
export {
  dateWords,
  type PlaceOf,
  type SecurityOrigin,
  type SecurityReview,
  securityReview,
  type VulnerabilityChange,
} from './vulnerabilities.ts'
