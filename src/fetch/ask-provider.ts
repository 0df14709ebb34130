import { Fault, isFault, type Session, unreachable } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { Store } from '../store/index.ts'
import { fileBytes, isAbsent, openPlainFile, type Transfer } from '../transfer/index.ts'
import type { Answer } from './fetch-fault.ts'
import { type Origins, signOf } from './origins.ts'
import type { Provider } from './providers.ts'
import { urlInState, urlsByVersion } from './snapshot-service.ts'

export interface AskWorld {
  readonly store: Store
  readonly transfer: Transfer
  readonly session: Session
  readonly origins: Origins
  /** What snapshot services said in this run. */
  readonly snapshotAnswers: Map<string, Promise<unknown>>
  /** Called when all bytes came, and only the disk is waited for. */
  readonly received: () => void
}

/**
 * Asks one provider for a deb. That it has none, has other bytes or cannot be reached is an answer; only faults of
 * the store or the disk, and interruptions, are thrown.
 */
export async function askProvider(provider: Provider, deb: LockedDeb, world: AskWorld): Promise<'fetched' | Answer> {
  if (provider.kind === 'vendor' || provider.origin.startsWith('file:')) return askAtOnce(provider, deb, world)
  const answer = await world.origins.ask(provider.origin, async heard => {
    const result = await askAtOnce(provider, deb, { ...world, session: listening(world.session, heard) })
    const isFailure = result !== 'fetched' && result.kind === 'unreachable'
    return { result, sign: isFailure ? signOf(result.fault) : 'answered' }
  })
  if (answer !== 'skipped') return answer
  const reason = `${provider.origin} was not asked again: it does not answer`
  const fault = new Fault('NETWORK_UNREACHABLE', { message: reason, context: { url: provider.origin } })
  return { kind: 'unreachable', provider, reason, fault }
}

async function askAtOnce(provider: Provider, deb: LockedDeb, world: AskWorld): Promise<'fetched' | Answer> {
  const { journal, signal } = world.session
  try {
    await fetchFrom(provider, deb, world)
    return 'fetched'
  } catch (error) {
    signal.throwIfAborted()
    const answer = answerOf(provider, error)
    if (answer === undefined) throw error
    // Absence is the rule where archives drop old files; wrong bytes and dead hosts somebody should look at.
    const kind = answer.kind === 'absent' ? 'traced' : 'warned'
    journal.emit({ kind, stage: 'fetch', message: `${deb.name}: ${answer.reason}` })
    return answer
  }
}

/** The first byte of a body shows that the host answers, long before a large deb is there. */
function listening({ signal, journal }: Session, heard: () => void): Session {
  return {
    signal,
    journal: {
      emit(event) {
        if (event.kind === 'progressed') heard()
        journal.emit(event)
      },
    },
  }
}

async function fetchFrom(provider: Provider, deb: LockedDeb, world: AskWorld): Promise<void> {
  const { transfer, store, session, received, snapshotAnswers: answers } = world
  const download = (url: string) =>
    transfer.downloadBlob(url, deb, { store, report: { stage: 'fetch', name: deb.name }, received }, session)
  const question = { transfer, session, answers }
  switch (provider.kind) {
    case 'vendor':
      return copyFrom(provider.path, deb, world)
    case 'remote':
      return download(provider.url)
    case 'snapshot-state': {
      const url = await urlInState(provider.service, provider, question)
      if (url === undefined) throw unknownTo(provider.origin, `no state of ${provider.service.archive} since ${deb.at}`)
      return download(url)
    }
    case 'snapshot-lookup': {
      const urls = await urlsByVersion(provider.service, deb, question)
      if (urls.length === 0)
        throw unknownTo(provider.origin, `no ${deb.name} ${deb.version} for ${deb.architecture} of that size`)
      return downloadFirst(urls, download)
    }
    default:
      unreachable(provider)
  }
}

/** A version that was built twice has several files; the digest decides which is meant. */
async function downloadFirst(urls: readonly string[], download: (url: string) => Promise<void>): Promise<void> {
  let failure: unknown
  for (const url of urls) {
    try {
      return await download(url)
    } catch (error) {
      if (!isFault(error, 'FETCH_INTEGRITY') && !isAbsent(error)) throw error
      failure ??= error
    }
  }
  throw failure
}

/** What a service does not know is absent there, as if it had said 404 to the file. */
function unknownTo(origin: string, what: string): Fault {
  return new Fault('NETWORK_STATUS', { message: `${origin} knows ${what}`, context: { url: origin, status: 404 } })
}

async function copyFrom(path: string, deb: LockedDeb, { store, session }: AskWorld): Promise<void> {
  const { handle, sizeBytes } = await openPlainFile(path, path)
  if (sizeBytes !== deb.sizeBytes) {
    await handle.close()
    throw vendorFault(path, `${sizeBytes} bytes`, `${deb.sizeBytes} bytes`)
  }
  session.journal.emit({ kind: 'started', stage: 'fetch', name: deb.name, totalBytes: deb.sizeBytes })
  const outcome = await store.put(fileBytes(handle, path), deb, session)
  if (outcome.kind === 'stored') session.journal.emit({ kind: 'finished', stage: 'fetch', name: deb.name })
  else if (outcome.kind === 'wrong-digest') throw vendorFault(path, `sha256 ${outcome.sha256}`, deb.sha256)
  else throw vendorFault(path, 'changed while it was read', `${deb.sizeBytes} bytes`)
}

function vendorFault(path: string, found: string, wanted: string): Fault {
  return new Fault('FETCH_INTEGRITY', {
    message: `${path} has ${found}, but the lockfile pins ${wanted}`,
    hint: 'Renew the vendor folder; for a deb of the project run `aptroot lock update`.',
    context: { path, found, wanted },
  })
}

/** @returns undefined for what no other provider can mend: the store, the disk, a wrong setting */
function answerOf(provider: Provider, error: unknown): Answer | undefined {
  if (!(error instanceof Fault)) return undefined
  const answer = { provider, reason: error.message, fault: error }
  if (isAbsent(error)) return { kind: 'absent', ...answer }
  switch (error.code) {
    case 'FETCH_INTEGRITY':
      return { kind: 'wrong-bytes', ...answer }
    case 'NETWORK_UNREACHABLE':
    case 'NETWORK_TIMEOUT':
    case 'NETWORK_STATUS':
    case 'NETWORK_TRUNCATED':
    case 'NETWORK_REDIRECT_REFUSED':
      return { kind: 'unreachable', ...answer }
    default:
      return undefined
  }
}
