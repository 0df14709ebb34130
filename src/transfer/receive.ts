import { Fault, redacted, type Session, type Stage, type TransportResponse } from '../kernel/index.ts'
import { drain, type ExchangeWorld, exchange } from './exchange.ts'
import { progressBytes, retryDelay } from './retry.ts'
import type { Credentials } from './url.ts'

/** Less than this for a whole window is a server that holds us, not one that serves us. */
const slowestBytesPerSecond = 500
const defaultRateWindowMilliseconds = 60_000

/** Where the bytes of a download go. */
export interface Receiver {
  readonly receivedBytes: number
  /**
   * What vouches for a beginning that is continued: the digest of the whole, or the server, which says (If-Range)
   * that it still has the same file.
   */
  readonly resumes: 'by-digest' | 'by-validator'
  write(bytes: Uint8Array): Promise<'accepted' | 'too-long'>
  restart(): Promise<void>
}

export interface ReceiveRequest {
  readonly url: URL
  readonly credentials: Credentials | undefined
  readonly maximumBytes: number
  /** Where known: another length is refused before it is read. */
  readonly sizeBytes: number | undefined
  readonly caches: 'used' | 'passed-by'
  readonly report: { readonly stage: Stage; readonly name: string }
}

export interface ReceiveWorld extends ExchangeWorld {
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Over how long a server is judged that sends, but hardly anything. Default: a minute. */
  readonly rateWindowMilliseconds?: number
}

/** What one attempt learned for the next. */
interface Memory {
  /** ETag or Last-Modified, and the host that said it. */
  validator: { readonly host: string; readonly value: string } | undefined
  /** Off for a server that answered a range with another one. */
  ranges: 'asked-for' | 'distrusted'
}

/**
 * Receives a file to its end: asks again after what may pass, continuing where it stopped.
 *
 * @throws {Fault} `FETCH_INTEGRITY` when the server has more bytes, or announces another length, than is wanted; `NETWORK_*`
 */
export async function receive(
  world: ReceiveWorld,
  request: ReceiveRequest,
  receiver: Receiver,
  session: Session,
): Promise<void> {
  const memory: Memory = { validator: undefined, ranges: 'asked-for' }
  for (let failures = 0; ; ) {
    const before = receiver.receivedBytes
    try {
      return await attempt({ world, request, receiver, session, memory })
    } catch (error) {
      session.signal.throwIfAborted()
      if (!(error instanceof Fault)) throw error
      failures = receiver.receivedBytes - before >= progressBytes ? 1 : failures + 1
      const delay = retryDelay(error, failures, world.random)
      if (delay === undefined) throw error
      const { stage } = request.report
      session.journal.emit({ kind: 'noted', stage, message: `${error.message}; trying again in ${delay} ms` })
      await world.clock.sleep(delay, session.signal)
    }
  }
}

interface Attempt {
  readonly world: ReceiveWorld
  readonly request: ReceiveRequest
  readonly receiver: Receiver
  readonly session: Session
  readonly memory: Memory
}

async function attempt(each: Attempt): Promise<void> {
  const { world, request, receiver, session, memory } = each
  const headers = await requestHeaders(each)
  const { response, url } = await exchange(
    world,
    { url: request.url, credentials: request.credentials, headers },
    session,
  )
  try {
    await placeFor(response, each)
    memory.validator = validatorOf(response, url)
  } catch (error) {
    await drain(response, world.clock)
    throw error
  }
  const rate = rateGuard(world, url)
  for await (const chunk of response.body) {
    session.signal.throwIfAborted()
    if ((await receiver.write(chunk)) === 'too-long') throw lengthFault(request, `more than ${request.maximumBytes}`)
    rate(chunk.length)
    session.journal.emit({ kind: 'progressed', ...request.report, doneBytes: receiver.receivedBytes })
  }
  if (request.sizeBytes !== undefined && receiver.receivedBytes < request.sizeBytes)
    throw truncatedFault(url, `ended after ${receiver.receivedBytes} of ${request.sizeBytes} bytes`)
}

/** Asks for the rest where there is a beginning that may be continued; drops the beginning where not. */
async function requestHeaders({ request, receiver, memory }: Attempt): Promise<Record<string, string>> {
  const headers: Record<string, string> = request.caches === 'passed-by' ? { 'cache-control': 'no-cache' } : {}
  if (receiver.receivedBytes === 0) return headers
  const validator = memory.validator?.host === request.url.host ? memory.validator.value : undefined
  const complete = receiver.receivedBytes === request.sizeBytes
  if (memory.ranges === 'distrusted' || complete || (receiver.resumes === 'by-validator' && validator === undefined)) {
    await receiver.restart()
    return headers
  }
  headers.range = `bytes=${receiver.receivedBytes}-`
  if (validator !== undefined) headers['if-range'] = validator
  return headers
}

/** Makes sure that the first byte of the body belongs where the receiver stands. */
async function placeFor(response: TransportResponse, { request, receiver, memory }: Attempt): Promise<void> {
  const encoding = response.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity' && request.sizeBytes === undefined)
    throw new Fault('FETCH_INTEGRITY', {
      message: `${redacted(request.url)} arrives encoded as ${encoding.slice(0, 40)}, although it was asked for as it is`,
      hint: 'A proxy or the mirror changes files: name another one with `--mirror ID=URI`.',
      context: { url: redacted(request.url), encoding: encoding.slice(0, 40) },
    })
  const announced = announcedBytes(response)
  switch (response.status) {
    case 200:
      if (receiver.receivedBytes > 0) await receiver.restart()
      if (announced !== undefined && request.sizeBytes !== undefined && announced !== request.sizeBytes)
        throw lengthFault(request, String(announced))
      if (announced !== undefined && announced > request.maximumBytes) throw lengthFault(request, String(announced))
      return
    case 206:
      if (isRange(response, receiver.receivedBytes, request.sizeBytes)) return
      break
    default: // 416: there is no byte where we stopped, so what we have is something else.
  }
  memory.ranges = 'distrusted'
  await receiver.restart()
  throw truncatedFault(request.url, 'answered a range with another one')
}

/** `bytes 100-199/200`, with the first byte that was asked for, to the end of a file of the right length. */
function isRange(response: TransportResponse, start: number, sizeBytes: number | undefined): boolean {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(response.headers['content-range'] ?? '')
  if (match === null || start === 0) return false
  const [first, last, total] = [Number(match[1]), Number(match[2]), Number(match[3])]
  return first === start && last === total - 1 && (sizeBytes === undefined || total === sizeBytes)
}

function announcedBytes(response: TransportResponse): number | undefined {
  const header = response.headers['content-length']
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}

/** A weak ETag promises no equal bytes (RFC 9110 section 13.1.5). */
function validatorOf(response: TransportResponse, url: URL): Memory['validator'] {
  const etag = response.headers.etag
  const value = etag !== undefined && !etag.startsWith('W/') ? etag : response.headers['last-modified']
  return value === undefined ? undefined : { host: url.host, value }
}

/** The transport sees silence; this sees a byte now and then. */
function rateGuard({ clock, rateWindowMilliseconds }: ReceiveWorld, url: URL): (receivedBytes: number) => void {
  const window = rateWindowMilliseconds ?? defaultRateWindowMilliseconds
  let windowStart = clock.now().getTime()
  let windowBytes = 0
  return receivedBytes => {
    windowBytes += receivedBytes
    const elapsed = clock.now().getTime() - windowStart
    if (elapsed < window) return
    if ((windowBytes * 1000) / elapsed < slowestBytesPerSecond)
      throw new Fault('NETWORK_TIMEOUT', {
        message: `${redacted(url)} sent ${windowBytes} bytes in ${Math.round(elapsed / 1000)} s`,
        hint: 'Try again, or name another mirror with `--mirror ID=URI`.',
        context: { url: redacted(url), receivedBytes: windowBytes },
      })
    windowStart = clock.now().getTime()
    windowBytes = 0
  }
}

export function lengthFault({ url, sizeBytes, maximumBytes }: ReceiveRequest, found: string): Fault {
  const wanted = sizeBytes === undefined ? `at most ${maximumBytes}` : String(sizeBytes)
  return new Fault('FETCH_INTEGRITY', {
    message: `${redacted(url)} has ${found} bytes, but ${wanted} are wanted`,
    hint: 'The mirror has another file under this name. Try again later, or name another mirror with `--mirror ID=URI`.',
    context: { url: redacted(url), wanted, found },
  })
}

function truncatedFault(url: URL, why: string): Fault {
  return new Fault('NETWORK_TRUNCATED', {
    message: `${redacted(url)} ${why}`,
    hint: 'Try again, or name another mirror with `--mirror ID=URI`.',
    context: { url: redacted(url) },
  })
}
