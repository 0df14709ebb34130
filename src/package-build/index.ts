export { buildFailure, type FailedBuild } from './build-failure.ts'
export {
  type BuildDescription,
  type BuildInput,
  buildInputs,
  buildKey,
  compareInputs,
  type InputChange,
  type InputKind,
  type InputSummary,
  summariseInputs,
} from './build-inputs.ts'
export {
  type BuildOutput,
  type BuildRecord,
  maximumRecordBytes,
  outputNameProblem,
  type RecordIdentity,
  readBuildRecord,
  recordObject,
  writeBuildRecord,
} from './build-record.ts'
export { entrySeconds, newestEntry, versionEntry } from './changelog-entry.ts'
export { collectOutputs, type OutputRequest, outputInvalid } from './collect-outputs.ts'
export {
  defaultSourceLimits,
  gatherSources,
  type Source,
  type Sources,
  sourceInputs,
  sourceTree,
} from './gather-sources.ts'
