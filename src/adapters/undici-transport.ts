import { Agent, type Dispatcher, errors, ProxyAgent } from 'undici'
import {
  Fault,
  type Routes,
  redacted,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '../kernel/index.ts'
import { hintOf, reasonOf } from './network-reasons.ts'
import { checkedTlsOptions } from './tls-options.ts'

export interface UndiciTransportSettings extends Routes {
  /** Connections kept open to one host. */
  readonly connectionsPerHost: number
  readonly connectTimeoutMilliseconds: number
  /** How long a server may be silent: before its headers, and between two pieces of a body. */
  readonly stallTimeoutMilliseconds: number
}

export const defaultTransportSettings: UndiciTransportSettings = {
  connectionsPerHost: 8,
  connectTimeoutMilliseconds: 20_000,
  stallTimeoutMilliseconds: 30_000,
}

/** HTTP by undici: keep-alive pools per host, bytes as they come, no redirects, no retries. */
export function createUndiciTransport(settings: UndiciTransportSettings = defaultTransportSettings): Transport {
  const options: Agent.Options = {
    connections: settings.connectionsPerHost,
    pipelining: 1,
    headersTimeout: settings.stallTimeoutMilliseconds,
    bodyTimeout: settings.stallTimeoutMilliseconds,
    connect: { timeout: settings.connectTimeoutMilliseconds },
    autoSelectFamily: true,
  }
  const direct = new Agent(options)
  const others = new Map<string, Agent | ProxyAgent>()
  const dispatcherFor = (url: URL): Dispatcher => {
    const proxy = settings.proxyOf?.(url)
    const material = url.protocol === 'https:' ? settings.tlsOf?.(url) : undefined
    if (proxy === undefined && material === undefined) return direct
    // A dispatcher for each host that has certificates of its own: they must not be shown to another.
    const name = JSON.stringify([proxy?.href, material === undefined ? undefined : url.host])
    const known = others.get(name)
    if (known !== undefined) return known
    const tls = material === undefined ? {} : checkedTlsOptions(material, url.host)
    const connect = { timeout: settings.connectTimeoutMilliseconds, ...tls }
    const created =
      proxy === undefined
        ? new Agent({ ...options, connect })
        : // Without a tunnel plain http goes through as apt sends it: caches such as apt-cacher-ng refuse CONNECT.
          new ProxyAgent({ ...options, uri: checkedProxy(proxy).href, proxyTunnel: false, requestTls: connect })
    others.set(name, created)
    return created
  }
  return {
    request: async request => exchange(dispatcherFor(request.url), request),
    async close() {
      await Promise.all([direct, ...others.values()].map(dispatcher => dispatcher.destroy()))
    },
  }
}

async function exchange(dispatcher: Dispatcher, request: TransportRequest): Promise<TransportResponse> {
  const { method, url, headers, signal } = request
  try {
    const response = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers,
      // A signal of its own: listeners of many requests on one signal make Node warn of a leak.
      signal: AbortSignal.any([signal]),
    })
    return {
      status: response.statusCode,
      headers: joinedHeaders(response.headers),
      body: checkedBody(response.body, request),
    }
  } catch (error) {
    signal.throwIfAborted()
    throw networkFault(error, url, 'NETWORK_UNREACHABLE')
  }
}

async function* checkedBody(
  body: AsyncIterable<Uint8Array>,
  { url, signal }: TransportRequest,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    signal.throwIfAborted()
    throw networkFault(error, url, 'NETWORK_TRUNCATED')
  }
}

function joinedHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const joined: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) joined[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ')
  return joined
}

function networkFault(cause: unknown, url: URL, otherwise: 'NETWORK_UNREACHABLE' | 'NETWORK_TRUNCATED'): Fault {
  const where = redacted(url)
  const errno = errnoOf(cause)
  if (
    cause instanceof errors.ConnectTimeoutError ||
    cause instanceof errors.HeadersTimeoutError ||
    cause instanceof errors.BodyTimeoutError ||
    errno === 'ETIMEDOUT'
  )
    return new Fault('NETWORK_TIMEOUT', {
      message: `${where} did not answer in time (${errno})`,
      hint: 'Try again, or name a nearer mirror with `--mirror ID=URI`.',
      context: { url: where, errno },
      cause,
    })
  const reason = reasonOf(errno)
  return otherwise === 'NETWORK_TRUNCATED'
    ? new Fault('NETWORK_TRUNCATED', {
        message: `${where} broke off in the middle: ${reason}`,
        hint: 'Try again: what was received is kept where it can be resumed.',
        context: { url: where, errno },
        cause,
      })
    : new Fault('NETWORK_UNREACHABLE', {
        message: `${where} cannot be reached: ${reason}`,
        hint: hintOf(errno),
        context: { url: where, errno },
        cause,
      })
}

/** Never the message: undici and OpenSSL quote what the server sent. */
function errnoOf(error: unknown): string {
  const proxyStatus = proxyStatusOf(error)
  if (proxyStatus !== undefined) return `PROXY_STATUS_${proxyStatus}`
  if (error instanceof AggregateError && error.errors.length > 0) return errnoOf(error.errors[0])
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'unknown'
}

/** What a proxy answered for itself: undici tells it by its own message alone. */
function proxyStatusOf(error: unknown): string | undefined {
  if (!(error instanceof errors.UndiciError)) return undefined
  return /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(error.message)?.[1]
}

function checkedProxy(proxy: URL): URL {
  if (proxy.protocol === 'http:' || proxy.protocol === 'https:') return proxy
  throw new Fault('SETTINGS_INVALID', {
    message: `the proxy ${redacted(proxy)} is neither http nor https`,
    hint: 'Name an http proxy, or none.',
    context: { proxy: redacted(proxy) },
  })
}
