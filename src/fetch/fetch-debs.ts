import type { Fault, Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { BlobIdentity, Store } from '../store/index.ts'
import { createQueue, type Transfer } from '../transfer/index.ts'
import { askProvider } from './ask-provider.ts'
import { type Answer, failureOf, goneSummary, missingOffline } from './fetch-fault.ts'
import { Origins } from './origins.ts'
import { type Provider, type ProviderSettings, providersOf } from './providers.ts'

export interface FetchRequest extends ProviderSettings {
  readonly store: Store
  readonly transfer: Transfer
  /** `offline`: the store and the vendor folders only. */
  readonly mode: 'online' | 'offline'
  /** Called for each deb as soon as it is in the store, verified: while others still download. */
  readonly arrived?: (deb: LockedDeb) => void
}

export interface FetchResult {
  /** Debs that the store had, each read and compared with its digest. */
  readonly reusedDebs: number
  readonly fetchedDebs: number
  readonly fetchedBytes: number
}

/**
 * Brings every deb into the store: what is there and sound stays; the rest comes from the first provider whose bytes
 * have the locked digest. A provider with other bytes is named in a warning and passed over.
 *
 * All debs are tried before a fault about some is thrown, unless the network, the store or the disk is at fault:
 * `FETCH_GONE` when every provider says that it has no such file, `FETCH_INTEGRITY` when only wrong bytes were
 * had, `NETWORK_*` when a retry may help, `FETCH_OFFLINE` when something is missing and the network is off limits,
 * `LOCK_MALFORMED` for a path that could lead elsewhere, and the store's faults.
 */
export async function fetchDebs(
  debs: readonly LockedDeb[],
  request: FetchRequest,
  session: Session,
): Promise<FetchResult> {
  const wanted = uniqueBlobs(debs).map(deb => ({ deb, providers: providersOf(deb, request) }))
  const queue = createQueue(request.transfer.parallelism)
  const missing = await withoutSound(wanted, request, session)
  const missingBytes = missing.reduce((sum, { deb }) => sum + deb.sizeBytes, 0)
  if (missing.length > 0)
    session.journal.emit({ kind: 'planned', stage: 'fetch', items: missing.length, totalBytes: missingBytes })

  const round = new FetchRound(request, session)
  const fetches: Promise<void>[] = []
  const begin = (each: Wanted): Promise<void> =>
    new Promise(received => {
      // A deb that waits for the disk holds up no download.
      fetches.push(round.fetch(each, received).finally(received))
    })
  await Promise.all(missing.map(each => queue(() => begin(each))))
  await Promise.all(fetches)
  round.throwIfFailed(wanted)
  return {
    reusedDebs: wanted.length - missing.length,
    fetchedDebs: missing.length,
    fetchedBytes: missingBytes,
  }
}

interface Wanted {
  readonly deb: LockedDeb
  readonly providers: Iterable<Provider>
}

/** The same bytes may be locked under two names; they are fetched once. */
function uniqueBlobs(debs: readonly LockedDeb[]): LockedDeb[] {
  return [...new Map(debs.map(deb => [deb.sha256, deb])).values()]
}

/** Debs that are hashed at a time: one is read while another is hashed. */
const checksAtATime = 4

async function withoutSound(
  wanted: readonly Wanted[],
  { store, arrived }: Pick<FetchRequest, 'store' | 'arrived'>,
  session: Session,
): Promise<Wanted[]> {
  const queue = createQueue(checksAtATime)
  const verdicts = await Promise.all(
    wanted.map(each =>
      queue(async () => {
        session.signal.throwIfAborted()
        const verdict = await store.check(blobOf(each.deb))
        if (verdict === 'sound') arrived?.(each.deb)
        return verdict
      }),
    ),
  )
  for (const [at, { deb }] of wanted.entries())
    if (verdicts[at] === 'corrupt') {
      const message = `the store's copy of ${deb.name} was damaged and is fetched anew`
      session.journal.emit({ kind: 'warned', stage: 'fetch', message })
    }
  return wanted.filter((_, at) => verdicts[at] !== 'sound')
}

/** One run over the missing debs: what failed so far, and what is known of hosts and services. */
class FetchRound {
  readonly #request: FetchRequest
  readonly #session: Session
  readonly #stop = new AbortController()
  readonly #origins = new Origins()
  readonly #snapshotAnswers = new Map<string, Promise<unknown>>()
  readonly #failures: { readonly deb: LockedDeb; readonly fault: Fault }[] = []
  readonly #missing: LockedDeb[] = []

  constructor(request: FetchRequest, session: Session) {
    this.#request = request
    this.#session = { ...session, signal: AbortSignal.any([session.signal, this.#stop.signal]) }
  }

  /** @param received called when the bytes are there and only the disk is waited for */
  async fetch({ deb, providers }: Wanted, received: () => void): Promise<void> {
    if (this.#session.signal.aborted) return
    try {
      const answers = await this.#askInOrder({ deb, providers }, received)
      if (answers === 'fetched') return this.#request.arrived?.(deb)
      // A vendored file that cannot be read was warned about; whether the deb is gone nobody was asked.
      const isMissing = this.#request.mode === 'offline' && answers.every(({ kind }) => kind !== 'wrong-bytes')
      if (isMissing) this.#missing.push(deb)
      else this.#fail(deb, failureOf(deb, answers))
    } catch (error) {
      // After the first fault that ends the round the others only echo it.
      if (this.#session.signal.aborted) return
      this.#stop.abort(error)
    }
  }

  /** The reason that ended the round, else the failures that were gathered, in the order of the lock. */
  throwIfFailed(wanted: readonly Wanted[]): void {
    this.#session.signal.throwIfAborted()
    const places = new Map(wanted.map(({ deb }, place) => [deb, place]))
    const inOrder = (left: LockedDeb, right: LockedDeb) => (places.get(left) ?? 0) - (places.get(right) ?? 0)
    if (this.#failures.length > 0) throw goneSummary(this.#failures.sort((a, b) => inOrder(a.deb, b.deb)))
    if (this.#missing.length > 0) throw missingOffline(this.#missing.sort(inOrder))
  }

  async #askInOrder({ deb, providers }: Wanted, received: () => void): Promise<'fetched' | readonly Answer[]> {
    const answers: Answer[] = []
    for (const provider of providers) {
      if (this.#request.mode === 'offline' && provider.kind !== 'vendor') continue
      const answer = await askProvider(provider, deb, {
        ...this.#request,
        session: this.#session,
        origins: this.#origins,
        snapshotAnswers: this.#snapshotAnswers,
        received,
      })
      if (answer === 'fetched') return 'fetched'
      answers.push(answer)
    }
    return answers
  }

  #fail(deb: LockedDeb, fault: Fault): void {
    if (fault.code !== 'FETCH_GONE' && fault.code !== 'FETCH_INTEGRITY') throw fault
    this.#failures.push({ deb, fault })
  }
}

export function blobOf({ sha256, sizeBytes }: LockedDeb): BlobIdentity {
  return { sha256, sizeBytes }
}
