/** The stages of the pipeline, as progress and logs name them. */
export type Stage =
  | 'archive'
  | 'resolve'
  | 'lock'
  | 'fetch'
  | 'store'
  | 'unpack'
  | 'assemble'
  | 'configure'
  | 'seal'
  | 'emit'
  | 'build'

/**
 * What a long job reports, in plain data. A journal may drop `progressed`; it must keep the others in order.
 * `name` identifies one piece of work inside a stage (a URL without credentials, a package name, an output path).
 */
export type JournalEvent =
  | { readonly kind: 'started'; readonly stage: Stage; readonly name: string; readonly totalBytes?: number }
  | { readonly kind: 'progressed'; readonly stage: Stage; readonly name: string; readonly doneBytes: number }
  | { readonly kind: 'finished'; readonly stage: Stage; readonly name: string; readonly detail?: string }
  | { readonly kind: 'planned'; readonly stage: Stage; readonly items: number; readonly totalBytes?: number }
  | { readonly kind: 'noted'; readonly stage: Stage; readonly message: string }
  | { readonly kind: 'warned'; readonly stage: Stage; readonly message: string; readonly hint?: string }
  | { readonly kind: 'traced'; readonly stage: Stage; readonly message: string }

export interface Journal {
  emit(event: JournalEvent): void
}

/** Given to whatever waits: how to stop, and where to report. */
export interface Session {
  readonly signal: AbortSignal
  readonly journal: Journal
}

export const silentJournal: Journal = { emit: () => undefined }

/** Lets timers, signals and I/O run between two slices of a long synchronous computation. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
