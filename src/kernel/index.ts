export { compareBytes, concatBytes, decodeUtf8, encodeUtf8, isSha256, sortedByBytes } from './bytes.ts'
export { canonicalJson, type Json } from './canonical-json.ts'
export {
  Fault,
  type FaultContext,
  type FaultDetails,
  isFault,
  type PlainFault,
  plainFault,
  unreachable,
} from './fault.ts'
export { type ExitCode, exitCodeByFaultCode, type FaultCode } from './fault-codes.ts'
export { groupBy } from './group-by.ts'
export { isJsonObject, type JsonObject, parsedJson, readJsonBody } from './json.ts'
export { didYouMean, nearestNames } from './nearest.ts'
export type {
  Clock,
  Launcher,
  ProcessDescriptor,
  ProcessRequest,
  ProcessResult,
  ProcessRunner,
  ReleaseSigner,
  Routes,
  Sender,
  TlsMaterial,
  Transport,
  TransportChange,
  TransportRequest,
  TransportResponse,
} from './ports.ts'
export { quoted } from './quote.ts'
export { redacted } from './redact.ts'
export { type Journal, type JournalEvent, nextTurn, type Session, type Stage, silentJournal } from './session.ts'
export { count, formatBytes, printable } from './words.ts'
