import { type Fault, isFault, type Session, unreachable } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import { createQueue, isAbsent, openPlainFile, type Transfer } from '../transfer/index.ts'
import { Origins, signOf } from './origins.ts'
import { type Provider, type ProviderSettings, providersOf, type RemoteRole } from './providers.ts'
import { urlInState, urlsByVersion } from './snapshot-service.ts'

/** What kind of place has a deb. */
export type ProviderRole = 'vendor' | RemoteRole

/** Which places say that they have a deb of that length; nothing of it was read, so its bytes are not known. */
export interface DebAvailability {
  readonly deb: LockedDeb
  /** In the order in which they would be asked. */
  readonly roles: readonly ProviderRole[]
  /** Of places that could not be asked, each once. */
  readonly silent: readonly string[]
}

export interface ProbeRequest extends ProviderSettings {
  readonly transfer: Transfer
}

/**
 * Asks the providers of each deb whether they have it, with HEAD. Of a snapshot's several addresses the ones after the first that has
 * the file are not asked: such services are shared and slow.
 */
export async function probeDebs(
  debs: readonly LockedDeb[],
  request: ProbeRequest,
  session: Session,
): Promise<readonly DebAvailability[]> {
  const queue = createQueue(request.transfer.parallelism)
  const world = { ...request, session, origins: new Origins(), answers: new Map<string, Promise<unknown>>() }
  return await Promise.all(debs.map(deb => queue(() => probeDeb(deb, providersOf(deb, request), world))))
}

interface ProbeWorld {
  readonly transfer: Transfer
  readonly session: Session
  readonly origins: Origins
  readonly answers: Map<string, Promise<unknown>>
}

async function probeDeb(deb: LockedDeb, providers: Iterable<Provider>, world: ProbeWorld): Promise<DebAvailability> {
  const roles = new Set<ProviderRole>()
  const silent = new Set<string>()
  for (const provider of providers) {
    world.session.signal.throwIfAborted()
    const role = roleOf(provider)
    if (roles.has(role) && (role === 'snapshot' || role === 'vendor')) continue
    const answer = await probeProvider(provider, deb, world)
    if (answer === 'present') roles.add(role)
    else if (answer !== 'absent') silent.add(answer.silent)
  }
  return { deb, roles: [...roles], silent: [...silent] }
}

type ProbeAnswer = 'present' | 'absent' | { readonly silent: string; readonly fault?: Fault }

async function probeProvider(provider: Provider, deb: LockedDeb, world: ProbeWorld): Promise<ProbeAnswer> {
  if (provider.kind === 'vendor') return await answerOf(provider, deb, world)
  const answer = await world.origins.ask(provider.origin, async () => {
    const result = await answerOf(provider, deb, world)
    return {
      result,
      sign: typeof result === 'string' || result.fault === undefined ? 'answered' : signOf(result.fault),
    }
  })
  return answer === 'skipped' ? { silent: provider.origin } : answer
}

async function answerOf(provider: Provider, deb: LockedDeb, world: ProbeWorld): Promise<ProbeAnswer> {
  try {
    const sizes = await sizesAt(provider, deb, world)
    return sizes.some(size => size === undefined || size === deb.sizeBytes) ? 'present' : 'absent'
  } catch (error) {
    world.session.signal.throwIfAborted()
    if (isAbsent(error)) return 'absent'
    if (!isFault(error) || error.exitCode !== 4) throw error
    const { journal } = world.session
    journal.emit({ kind: 'warned', stage: 'fetch', message: `${deb.name}: ${error.message}` })
    return { silent: provider.kind === 'vendor' ? provider.path : provider.origin, fault: error }
  }
}

/** Lengths of what the provider has for the deb; undefined where it does not say. Empty: nothing. */
async function sizesAt(
  provider: Provider,
  deb: LockedDeb,
  { transfer, session, answers }: ProbeWorld,
): Promise<readonly (number | undefined)[]> {
  const question = { transfer, session, answers }
  switch (provider.kind) {
    case 'vendor': {
      const { handle, sizeBytes } = await openPlainFile(provider.path, provider.path)
      await handle.close()
      return [sizeBytes]
    }
    case 'remote':
      return [await transfer.probe(provider.url, session)]
    case 'snapshot-state': {
      const url = await urlInState(provider.service, provider, question)
      return url === undefined ? [] : [await transfer.probe(url, session)]
    }
    case 'snapshot-lookup': {
      const [url] = await urlsByVersion(provider.service, deb, question)
      return url === undefined ? [] : [await transfer.probe(url, session)]
    }
    default:
      return unreachable(provider)
  }
}

function roleOf(provider: Provider): ProviderRole {
  switch (provider.kind) {
    case 'vendor':
      return 'vendor'
    case 'remote':
      return provider.role
    case 'snapshot-state':
    case 'snapshot-lookup':
      return 'snapshot'
    default:
      return unreachable(provider)
  }
}
