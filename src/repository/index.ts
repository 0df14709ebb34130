export { type DebSource, describeDeb, type OfferedDeb } from './describe-deb.ts'
export { describeSource, type SourceSource } from './describe-source.ts'
export {
  checkPlaceName,
  comparePublished,
  type DebKey,
  keyOfDeb,
  type PublishedDeb,
  type SourceKey,
  type Suite,
  type SuiteDescription,
} from './model.ts'
export {
  Repository,
  type RepositoryWorld,
  type SuiteOutcome,
} from './repository.ts'
export { RepositoryFolder } from './repository-folder.ts'
export { type OfferedSource, sourcesOfDeb } from './source-records.ts'
export type { XzCompressor } from './suite-files.ts'
export type { Publication, PublishRequest } from './wanted-suite.ts'
