import { Fault, redacted, type Session, unreachable } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { Store } from '../store/index.ts'
import { fileBytes, isAbsent, openPlainFile, type Transfer } from '../transfer/index.ts'
import type { Answer } from './fetch-fault.ts'
import type { Provider } from './providers.ts'

export interface AskWorld {
  readonly store: Store
  readonly transfer: Transfer
  readonly session: Session
}

/**
 * Asks one provider for a deb. That it has none, has other bytes or cannot be reached is an answer; only faults of
 * the store or the disk, and interruptions, are thrown.
 */
export async function askProvider(provider: Provider, deb: LockedDeb, world: AskWorld): Promise<'fetched' | Answer> {
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

async function fetchFrom(provider: Provider, deb: LockedDeb, world: AskWorld): Promise<void> {
  switch (provider.kind) {
    case 'vendor':
      return copyFrom(provider.path, deb, world)
    case 'mirror':
    case 'snapshot': {
      const { transfer, store, session } = world
      const report = { stage: 'fetch', name: deb.name } as const
      return transfer.downloadBlob(provider.url, deb, { store, report }, session)
    }
    default:
      unreachable(provider)
  }
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
    hint: 'Renew the vendor folder.',
    context: { path, found, wanted },
  })
}

/** @returns undefined for what no other provider can mend: the store, the disk, a wrong setting */
function answerOf(provider: Provider, error: unknown): Answer | undefined {
  if (!(error instanceof Fault)) return undefined
  const name = provider.kind === 'vendor' ? provider.path : redacted(provider.url)
  if (isAbsent(error)) return { kind: 'absent', provider: name, reason: error.message, fault: error }
  switch (error.code) {
    case 'FETCH_INTEGRITY':
      return { kind: 'wrong-bytes', provider: name, reason: error.message, fault: error }
    case 'NETWORK_UNREACHABLE':
    case 'NETWORK_TIMEOUT':
    case 'NETWORK_STATUS':
    case 'NETWORK_TRUNCATED':
    case 'NETWORK_REDIRECT_REFUSED':
      return { kind: 'unreachable', provider: name, reason: error.message, fault: error }
    default:
      return undefined
  }
}
