export { blobOf, type FetchRequest, type FetchResult, fetchDebs } from './fetch-debs.ts'
export { type DebAvailability, type ProbeRequest, type ProviderRole, probeDebs } from './probe-debs.ts'
export { type ArchiveAddresses, archiveOf, debFileName, type ProviderSettings, providersOf } from './providers.ts'
export { safeTimestamps } from './snapshot-service.ts'
