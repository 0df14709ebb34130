export { blobOf, type FetchRequest, type FetchResult, fetchDebs } from './fetch-debs.ts'
export { type ArchiveAddresses, debFileName, type ProviderSettings } from './providers.ts'
