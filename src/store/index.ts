export { type BlobOutcome, BlobWriter } from './blob-writer.ts'
export type { BlobClaim } from './claim.ts'
export { ContentWriter, writeWhole } from './content-writer.ts'
export {
  type FileAttributes,
  type FileStamp,
  giveAttributes,
  type ListedFile,
  largestListedBytes,
  type OpenPlace,
  shareFileList,
  stampOf,
} from './file-list.ts'
export type { FileThread, GrowingHash } from './file-thread.ts'
export { syncFolder } from './folder-sync.ts'
export type { BlobIdentity, ObjectName } from './layout.ts'
export { makeFolder } from './make-folder.ts'
export type { ObjectSink, StoredObject } from './objects.ts'
export { ProcessLock } from './process-lock.ts'
export type { PruneRequest, PruneResult } from './prune.ts'
export { Store, type StoreSettings } from './store.ts'
export type { DamagedFile, FolderVerification, StoreVerification } from './verify.ts'
