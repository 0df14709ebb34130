import { stat } from 'node:fs/promises'
import { count, Fault, isFault, printable, type Session } from '../kernel/index.ts'
import type { ListeningPlace } from '../revision/http-entrance.ts'
import type { RevisionMode, RevisionService } from '../revision/index.ts'
import type { TokenList } from '../revision/tokens.ts'
import { placeOfTable, revisionService } from './revision-places.ts'
import { readSettingFile } from './secret-file.ts'
import type { World } from './world.ts'

export interface ServeRevisionsRequest {
  /** A file, or `postgres://…`. */
  readonly database: string
  /** Undefined: what the table was made with, `history` for a new one. */
  readonly mode: RevisionMode | undefined
  readonly access: 'write' | 'read-only'
  /** The service to extend. */
  readonly upstream: string | undefined
  /** The file of the writers' tokens. */
  readonly tokensFile: string | undefined
  readonly listen: ListeningPlace
}

export interface ServedRevisions {
  readonly url: string
  readonly mode: RevisionMode
  readonly depth: number
  readonly requests: number
}

const failurePeriodMilliseconds = 5000
/** How soon a changed file of tokens counts. */
const tokensPeriodMilliseconds = 1000

/**
 * Runs the revision service until the session ends; what is under way then is answered.
 *
 * @throws {Fault} `USAGE_INVALID` when others than this machine could write without a token; `REVISION_TABLE_MISMATCH`,
 *   `REVISION_DRIVER_MISSING`, `REVISION_UNAVAILABLE`, `SETTINGS_INVALID`
 */
export async function serveRevisions(
  request: ServeRevisionsRequest,
  session: Session,
  world: World,
): Promise<ServedRevisions> {
  checkExposure(request)
  const [{ openTable }, { openDesk }, { openEntrance, defaultLimits }, { createMetrics }] = await Promise.all([
    import('../revision/open-table.ts'),
    import('../revision/desk.ts'),
    import('../revision/http-entrance.ts'),
    import('../revision/metrics.ts'),
  ])
  const place = await placeOfTable(request.database, world)
  const tokens = request.tokensFile === undefined ? undefined : await openTokens(request.tokensFile, session, world)
  const upstream = request.upstream === undefined ? undefined : await upstreamOf(request.upstream, session, world)
  const table = await openTable(place, await useOf(request, upstream), world)
  const { mode, depth } = table
  const metrics = createMetrics()
  try {
    const entrance = await openEntrance(
      {
        desk: openDesk({ table, access: request.access, upstream, metrics }),
        table,
        metrics,
        access: request.access,
        tokens,
        limits: defaultLimits,
        nowMilliseconds: () => performance.now(),
        onFailure: sparingLog(session, () => performance.now()),
      },
      request.listen,
    )
    session.journal.emit({ kind: 'noted', stage: 'fetch', message: `answering at ${entrance.url} (${mode})` })
    await ended(session.signal)
    await entrance.close()
    return { url: entrance.url, mode, depth, requests: metrics.requests() }
  } finally {
    await table.close()
  }
}

/** Who can connect can write, unless there are tokens: that is for this machine's own users alone. */
function checkExposure({ access, tokensFile, upstream, listen }: ServeRevisionsRequest): void {
  if (access === 'read-only' && upstream !== undefined)
    throw new Fault('USAGE_INVALID', {
      message:
        'a service that extends another writes down what it learns: --read-only and --upstream exclude each other',
      hint: 'Leave one of them out; a read-only service answers from the table of one that extends another too.',
    })
  const isLoopback = /^127(\.\d{1,3}){3}$|^::1$|^localhost$/.test(listen.address)
  if (isLoopback || access === 'read-only' || tokensFile !== undefined) return
  throw new Fault('USAGE_INVALID', {
    message: `at ${listen.address} other machines could ask for revisions without a token`,
    hint: 'Name a file of tokens with `--tokens FILE`, or serve with --read-only; TLS is the business of a reverse proxy.',
    context: { address: listen.address },
  })
}

async function useOf({ mode, access }: ServeRevisionsRequest, upstream: RevisionService | undefined) {
  if (access === 'read-only') return { kind: 'read' } as const
  if (upstream === undefined) return { kind: 'write', mode, depth: 1 } as const
  const { depthBelow } = await import('../revision/upstream.ts')
  try {
    const below = await depthBelow(upstream)
    return { kind: 'write', mode: mode ?? below.mode, depth: below.depth } as const
  } catch (error) {
    // A table that is there already says itself what it extends, and answers what it knows.
    if (isFault(error, 'REVISION_UNAVAILABLE')) return { kind: 'extend', mode, error } as const
    throw error
  }
}

async function upstreamOf(address: string, session: Session, world: World): Promise<RevisionService> {
  return revisionService({ address, flag: '--upstream', token: undefined }, session, world)
}

/** The tokens of a file as it is now: one that cannot be read any more leaves those that were read before. */
async function openTokens(path: string, session: Session, world: World): Promise<() => TokenList> {
  const { readTokens } = await import('../revision/tokens.ts')
  const load = async () => readTokens(await readSettingFile(path, 'tokens'))
  let stamp = await stampOf(path)
  let tokens = await load()
  const watch = async () => {
    for (;;) {
      await world.clock.sleep(tokensPeriodMilliseconds, session.signal)
      const now = await stampOf(path)
      if (now === stamp) continue
      stamp = now
      try {
        tokens = await load()
        session.journal.emit({ kind: 'noted', stage: 'fetch', message: `read ${tokens.length} tokens again` })
      } catch (error) {
        session.journal.emit({
          kind: 'warned',
          stage: 'fetch',
          message: `${wordsOf(error)}; the tokens of before hold`,
        })
      }
    }
  }
  // Ends with the session, whose reason is nobody's fault.
  watch().catch(() => undefined)
  return () => tokens
}

async function stampOf(path: string): Promise<string> {
  const facts = await stat(path, { bigint: true }).catch(() => undefined)
  return facts === undefined ? 'absent' : `${facts.ino} ${facts.mtimeNs} ${facts.size}`
}

/** A database that is away fails every request: said once in a while, and as a step, since warnings are kept until the command ends. */
function sparingLog({ journal }: Session, nowMilliseconds: () => number): (error: unknown) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  let unsaid = 0
  return error => {
    const now = nowMilliseconds()
    if (now - saidAt < failurePeriodMilliseconds) {
      unsaid += 1
      return
    }
    const more = unsaid === 0 ? '' : ` (and ${count(unsaid, 'failure')} since the last line)`
    journal.emit({ kind: 'noted', stage: 'fetch', message: `a request failed: ${printable(wordsOf(error))}${more}` })
    saidAt = now
    unsaid = 0
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
