export { type DebSource, describeDeb, type OfferedDeb } from './describe-deb.ts'
export {
  checkPlaceName,
  comparePublished,
  type DebKey,
  keyOfDeb,
  type PublishedDeb,
  type Suite,
  type SuiteDescription,
} from './model.ts'
export {
  type Publication,
  type PublishRequest,
  Repository,
  type RepositoryWorld,
  type SuiteOutcome,
} from './repository.ts'
export { RepositoryFolder } from './repository-folder.ts'
export type { XzCompressor } from './suite-files.ts'
