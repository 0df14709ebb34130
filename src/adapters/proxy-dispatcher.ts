import { isIP } from 'node:net'
import { type Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici'
import { Fault, redacted } from '../kernel/index.ts'
import { decodedUserInfo } from '../transfer/index.ts'
import type { TlsOptions } from './tls-options.ts'

export interface ProxyRoute {
  readonly proxy: URL
  /** For the proxy itself, where it is reached by https. */
  readonly proxyTls: TlsOptions
  /** For the server behind it, to which https is tunnelled. */
  readonly serverTls: TlsOptions
  readonly connectTimeoutMilliseconds: number
}

/**
 * A way through a proxy. Plain http goes as apt sends it, without a tunnel where the proxy is of http: caches such as apt-cacher-ng refuse CONNECT.
 *
 * @param options of connections, those to the proxy included
 * @throws {Fault} `SETTINGS_INVALID` when the proxy is neither http nor https
 */
export function createProxyDispatcher(route: ProxyRoute, options: Agent.Options): Dispatcher {
  const { proxy, serverTls, connectTimeoutMilliseconds: timeout } = route
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') throw wrongProxy(proxy)
  const token = tokenOf(proxy)
  const proxyTls = { timeout, ...route.proxyTls }
  const connect = namingNoAddress(buildConnector(proxyTls))
  return new ProxyAgent({
    ...options,
    uri: proxy.origin,
    ...(token === undefined ? {} : { token }),
    proxyTunnel: false,
    proxyTls,
    requestTls: { timeout, ...serverTls },
    // Left to itself the agent gives the proxy five minutes for an answer, whatever its own options say.
    factory: (origin, more) => new Pool(origin, { ...options, ...more }),
    clientFactory: origin => new Pool(origin, { ...options, connect }),
  })
}

/** An address is no server name (RFC 6066 section 3), and Node says so on standard error. */
function namingNoAddress(connect: buildConnector.connector): buildConnector.connector {
  return (options, done) => {
    const { servername, ...others } = options
    // undici says null where there is none.
    const isAddress = isIP((servername ?? '').replace(/^\[|\]$/g, '')) !== 0
    connect(isAddress ? others : options, done)
  }
}

/** A user without a password is one too: some proxies take a token for it. */
function tokenOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const pair = Buffer.from(`${decodedUserInfo(username)}:${decodedUserInfo(password)}`, 'utf8')
  return `Basic ${pair.toString('base64')}`
}

function wrongProxy(proxy: URL): Fault {
  return new Fault('SETTINGS_INVALID', {
    message: `the proxy ${redacted(proxy)} is neither http nor https`,
    hint: 'Name an http proxy, or none.',
    context: { proxy: redacted(proxy) },
  })
}
