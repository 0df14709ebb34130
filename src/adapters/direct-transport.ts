import { connect as connectPlain, isIP } from 'node:net'
import type { TlsMaterial, Transport, TransportRequest, TransportResponse } from '../kernel/index.ts'
import type { Connection, SocketMaker } from './connection.ts'
import { closedError } from './connection.ts'
import { ConnectionPool, type Lease } from './connection-pool.ts'
import { networkFault } from './network-fault.ts'
import { bodyPieces } from './response-body.ts'
import { malformed, parseResponseHead, type ResponseHead } from './response-head.ts'
import type { TransportSettings } from './transport-settings.ts'

/** What Node's own client takes, too. */
const longestHeadBytes = 16 * 1024

/** An honest server sends one or two interim answers. */
const maximumInterimAnswers = 16

/**
 * HTTP/1.1 over sockets of our own, without proxies: keep-alive pools per host, bytes as they come, no redirects, no
 * retries. Bytes of a body are valid until the next ones are asked for.
 *
 * Node's client allocates two buffers for each piece of 64 KB: for 354 debs from loopback it took 0.51 s of processor time, this 0.24 s.
 */
export function createDirectTransport(settings: TransportSettings): Transport {
  const pool = new ConnectionPool(settings.connectionsPerHost)
  return {
    async request(request) {
      const { url, signal } = request
      signal.throwIfAborted()
      const make = await socketMakerFor(url, settings.tlsOf?.(url))
      try {
        return await exchange({ pool, make, settings }, request)
      } catch (error) {
        signal.throwIfAborted()
        throw networkFault(error, url, 'NETWORK_UNREACHABLE')
      }
    },
    async close() {
      pool.close()
    },
  }
}

interface Way {
  readonly pool: ConnectionPool
  readonly make: SocketMaker
  readonly settings: TransportSettings
}

async function exchange({ pool, make, settings }: Way, request: TransportRequest): Promise<TransportResponse> {
  for (;;) {
    const lease = await pool.lease(request.url.origin, make)
    // A signal of its own: listeners of many requests on one signal make Node warn of a leak.
    const signal = AbortSignal.any([request.signal])
    const onAbort = () => lease.connection.destroy(closedError())
    signal.addEventListener('abort', onAbort)
    const giveBack = () => {
      signal.removeEventListener('abort', onAbort)
      lease.release()
    }
    try {
      signal.throwIfAborted()
      const head = await answerOver(lease, request, settings)
      if (isBodiless(head)) {
        if (head.connection === 'closed') lease.connection.destroy()
        giveBack()
        return { status: head.status, headers: head.headers, body: nothing() }
      }
      return {
        status: head.status,
        headers: head.headers,
        body: bodyOf(lease.connection, { head, giveBack, request, settings }),
      }
    } catch (error) {
      lease.connection.destroy()
      giveBack()
      // The server closed an idle connection at the moment we used it. A new one says what it thinks.
      if (lease.history === 'new' || !isReset(error) || request.signal.aborted) throw error
    }
  }
}

async function socketMakerFor(
  { protocol, hostname, port }: URL,
  material: TlsMaterial | undefined,
): Promise<SocketMaker> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const place = {
    host,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    noDelay: true,
    autoSelectFamily: true,
  }
  if (protocol !== 'https:') return onread => connectPlain({ ...place, onread })
  const [tls, { checkedTlsOptions }] = await Promise.all([import('node:tls'), import('./tls-options.ts')])
  const certificates = material === undefined ? {} : checkedTlsOptions(material, host)
  // An address is no name that a server could choose its certificate by (RFC 6066 section 3).
  const name = isIP(host) === 0 ? { servername: host } : {}
  return onread => {
    const options = { ...place, ...certificates, ...name, ALPNProtocols: ['http/1.1'], onread }
    return tls.connect(options)
  }
}

async function answerOver(
  { connection, ready }: Lease,
  request: TransportRequest,
  settings: TransportSettings,
): Promise<ResponseHead> {
  await within(settings.connectTimeoutMilliseconds, connection, () => ready)
  connection.send(requestText(request))
  // One span for all of it: a server that says a little now and then gets no longer for that.
  return await within(settings.stallTimeoutMilliseconds, connection, () => finalHead(connection, request.method))
}

async function finalHead(connection: Connection, method: 'GET' | 'HEAD'): Promise<ResponseHead> {
  for (let interim = 0; interim <= maximumInterimAnswers; interim++) {
    const head = parseResponseHead(await headText(connection), method)
    if (head.status === 101) throw Object.assign(new Error('another protocol'), { code: 'ERR_SWITCHED_PROTOCOLS' })
    if (head.status >= 200) return head
  }
  throw Object.assign(new Error('interim answers only'), { code: 'UND_ERR_INFO' })
}

/** Up to the empty line, without it. */
async function headText(connection: Connection): Promise<string> {
  let text = ''
  for (;;) {
    const piece = await connection.take()
    if (piece === undefined) throw closedError()
    const known = text.length
    text += Buffer.from(piece.buffer, piece.byteOffset, Math.min(piece.length, longestHeadBytes + 4)).toString('latin1')
    const end = text.indexOf('\r\n\r\n', Math.max(0, known - 3))
    if (end > longestHeadBytes || (end === -1 && text.length > longestHeadBytes)) throw malformed('head: too long')
    if (end === -1) {
      // Whatever speaks another protocol is not waited for.
      if (!'HTTP/1.'.startsWith(text.slice(0, 7))) throw malformed('status line')
      continue
    }
    connection.putBack(piece.subarray(end + 4 - known))
    return text.slice(0, end)
  }
}

function requestText({ method, url, headers }: TransportRequest): string {
  const lines = Object.entries({ host: url.host, connection: 'keep-alive', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const text = [`${method} ${url.pathname}${url.search} HTTP/1.1`, ...lines]
  if (text.some(line => /[\r\n]/.test(line))) throw malformed('request')
  return `${text.join('\r\n')}\r\n\r\n`
}

interface BodySource {
  readonly head: ResponseHead
  readonly giveBack: () => void
  readonly request: TransportRequest
  readonly settings: TransportSettings
}

async function* bodyOf(
  connection: Connection,
  { head, giveBack, request, settings }: BodySource,
): AsyncGenerator<Uint8Array> {
  let isWhole = false
  try {
    // Only our own waiting counts: a reader that takes its time is no fault of the server.
    const take = () => within(settings.stallTimeoutMilliseconds, connection, () => connection.take())
    yield* bodyPieces(head.framing, connection, take)
    isWhole = head.connection === 'kept'
  } catch (error) {
    request.signal.throwIfAborted()
    throw networkFault(error, request.url, 'NETWORK_TRUNCATED')
  } finally {
    if (!isWhole) connection.destroy()
    giveBack()
  }
}

/** There is nothing to read, so nobody has to read it before the connection is used again. */
function isBodiless({ framing }: ResponseHead): boolean {
  return framing.kind === 'none' || (framing.kind === 'length' && framing.bytes === 0)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function within<Result>(
  milliseconds: number,
  connection: Connection,
  wait: () => Promise<Result>,
): Promise<Result> {
  const timer = setTimeout(() => connection.destroy(timeout()), milliseconds)
  try {
    return await wait()
  } finally {
    clearTimeout(timer)
  }
}

function timeout(): Error {
  return Object.assign(new Error('the server was silent'), { code: 'ETIMEDOUT' })
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}
