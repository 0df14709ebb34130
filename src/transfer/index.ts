export { type CredentialEntry, credentialsFor, parseCredentialFile } from './credentials.ts'
export { fileBytes, openPlainFile } from './local-file.ts'
export { withoutMirrors } from './mirror-hint.ts'
export { createQueue, type Queue } from './queue.ts'
export {
  type BlobDestination,
  type BlobRequest,
  type BytesRequest,
  createTransfer,
  isAbsent,
  type Report,
  type Transfer,
  type TransferWorld,
} from './transfer.ts'
export { type Credentials, decodedUserInfo, isPlainRelativePath, urlBelow } from './url.ts'
