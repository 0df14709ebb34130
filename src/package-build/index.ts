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
export { entrySeconds, newestEntry, withVersion } from './changelog-entry.ts'
