import { Agent, type Dispatcher } from 'undici'
import type { Sender, Transport, TransportChange, TransportRequest, TransportResponse } from '../kernel/index.ts'
import { networkFault } from './network-fault.ts'
import { createProxyDispatcher } from './proxy-dispatcher.ts'
import { checkedTlsOptions, type TlsOptions } from './tls-options.ts'
import { defaultTransportSettings, type TransportSettings } from './transport-settings.ts'

export { defaultTransportSettings }

/** HTTP by undici: keep-alive pools per host, bytes as they come, no redirects, no retries. */
export function createUndiciTransport(settings: TransportSettings = defaultTransportSettings): Transport & Sender {
  const { connectTimeoutMilliseconds } = settings
  const options: Agent.Options = {
    connections: settings.connectionsPerHost,
    pipelining: 1,
    headersTimeout: settings.stallTimeoutMilliseconds,
    bodyTimeout: settings.stallTimeoutMilliseconds,
    connect: { timeout: connectTimeoutMilliseconds },
    autoSelectFamily: true,
  }
  const direct = new Agent(options)
  const others = new Map<string, Dispatcher>()
  const dispatcherFor = (url: URL): Dispatcher => {
    const proxy = settings.proxyOf?.(url)
    const material = url.protocol === 'https:' ? settings.tlsOf?.(url) : undefined
    if (proxy === undefined && material === undefined) return direct
    // A dispatcher for each host that has certificates of its own: they must not be shown to another.
    const name = JSON.stringify([proxy?.href, material === undefined ? undefined : url.host])
    const known = others.get(name)
    if (known !== undefined) return known
    const tls = material === undefined ? {} : checkedTlsOptions(material, url.host)
    const created =
      proxy === undefined
        ? new Agent({ ...options, connect: { timeout: connectTimeoutMilliseconds, ...tls } })
        : createProxyDispatcher(
            { proxy, proxyTls: tlsOfProxy(proxy, settings), serverTls: tls, connectTimeoutMilliseconds },
            options,
          )
    others.set(name, created)
    return created
  }
  return {
    request: async request => exchange(dispatcherFor(request.url), request),
    send: async change => exchange(dispatcherFor(change.url), change),
    async close() {
      await Promise.all([direct, ...others.values()].map(dispatcher => dispatcher.destroy()))
    },
  }
}

/** An honest server sends one or two interim answers; each of them sets back the clock that waits for the final one. */
const maximumInterimAnswers = 16

async function exchange(
  dispatcher: Dispatcher,
  request: TransportRequest | TransportChange,
): Promise<TransportResponse> {
  const { method, url, headers, signal } = request
  const tooMany = new AbortController()
  let interimAnswers = 0
  try {
    const response = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers,
      ...('body' in request ? { body: request.body } : {}),
      // A signal of its own: listeners of many requests on one signal make Node warn of a leak.
      signal: AbortSignal.any([signal, tooMany.signal]),
      onInfo: () => {
        interimAnswers++
        if (interimAnswers > maximumInterimAnswers) tooMany.abort(new InterimAnswersError())
      },
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
  { url, signal }: Pick<TransportRequest, 'url' | 'signal'>,
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

/** Its name stands where other errors have an errno. */
class InterimAnswersError extends Error {
  override readonly name = 'UND_ERR_INFO'
}

function tlsOfProxy(proxy: URL, settings: TransportSettings): TlsOptions {
  const material = proxy.protocol === 'https:' ? settings.tlsOf?.(proxy) : undefined
  return material === undefined ? {} : checkedTlsOptions(material, proxy.host)
}
