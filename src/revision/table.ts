import type { Fault } from '../kernel/index.ts'
import type { Assignment, KnownRevisions, RevisionMode, UpstreamRevisions } from './assign.ts'
import type { RevisionKey } from './key.ts'
import type { Revision } from './revision-number.ts'

/** What a table was made for; never changed. */
export interface TableKind {
  readonly mode: RevisionMode
  /** Of its own revisions: 1, or one more than that of the service that it extends. */
  readonly depth: number
}

/** One assignment. Package, architecture and revision are bound to the rest for ever. */
export interface RevisionRow extends RevisionKey {
  readonly revision: Revision
}

export interface AssignmentRequest {
  readonly key: RevisionKey
  readonly upstream: UpstreamRevisions | undefined
}

/** `contradicted`: the service that is extended says that this revision is the key's, but it is bound to another. */
export type TableAnswer = Assignment | { readonly kind: 'contradicted'; readonly revision: Revision }

/**
 * Where assignments are kept. Any number of processes may use one table at once; a process that is killed leaves whole transactions.
 *
 * @throws {Fault} from every method: `REVISION_UNAVAILABLE` when the database cannot be reached or stays busy, `DISK_FULL`
 */
export interface RevisionTable extends TableKind {
  /** What the table holds of each key; only what would survive a power failure. */
  lookUp(keys: readonly RevisionKey[]): Promise<readonly KnownRevisions[]>
  /** All of them in one transaction, in this order; what is returned is on disk. */
  assign(requests: readonly AssignmentRequest[]): Promise<readonly TableAnswer[]>
  /** One state of the table, sorted by package, architecture and revision. */
  rows(): AsyncIterable<RevisionRow>
  /**
   * Adds rows, all or none; those that it has are passed over.
   *
   * @returns how many were added
   * @throws {Fault} `REVISION_CONTRADICTED`, and whatever `rows` throws
   */
  add(rows: AsyncIterable<RevisionRow>): Promise<number>
  count(): Promise<number>
  close(): Promise<void>
}

/** A table in SQLite is a file, one in PostgreSQL an address. */
export type TablePlace =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string }

/**
 * How a table is opened.
 *
 * - `write`: made when it is not there; another kind than the one that it was made for is refused. What is undefined is what the table is.
 * - `extend`: it must be there and extend another service, which cannot be asked now; otherwise `error` is thrown.
 * - `read`: it must be there.
 */
export type TableUse =
  | { readonly kind: 'write'; readonly mode: RevisionMode | undefined; readonly depth: number | undefined }
  | { readonly kind: 'extend'; readonly mode: RevisionMode | undefined; readonly error: Fault }
  | { readonly kind: 'read' }
