import { type Clock, Fault, redacted, type Session, type Transport, type TransportResponse } from '../kernel/index.ts'
import { retryAfterSeconds } from './retry.ts'
import type { Credentials } from './url.ts'

const maximumRedirects = 10
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** What of the body of an answer is read whose body is not wanted, so that its connection can be used again. */
const drainedBytes = 64 * 1024

/** A server that sends the page of its 404 a byte at a time would hold us for days; a new connection costs less than this. */
const drainedMilliseconds = 2000

export interface ExchangeWorld {
  readonly transport: Transport
  readonly clock: Clock
  /** Asked for each host anew, so that credentials never follow a redirect to another one. */
  readonly credentialsOf: (url: URL) => Credentials | undefined
}

export interface ExchangeRequest {
  readonly url: URL
  /** Valid for the origin of `url`. */
  readonly credentials: Credentials | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Default: GET. */
  readonly method?: 'GET' | 'HEAD'
}

export interface Answer {
  readonly response: TransportResponse
  /** Where the answer came from, after redirects. */
  readonly url: URL
}

/**
 * Sends a GET and follows redirects: at most ten, to http and https only, never from https to http.
 *
 * @returns an answer with status 200, 206 or 416
 * @throws {Fault} `NETWORK_REDIRECT_REFUSED`, `NETWORK_STATUS` (context: `status`, `retryAfterSeconds`), and the transport's
 */
export async function exchange(world: ExchangeWorld, request: ExchangeRequest, session: Session): Promise<Answer> {
  let url = request.url
  for (let redirects = 0; redirects <= maximumRedirects; redirects++) {
    session.signal.throwIfAborted()
    const response = await world.transport.request({
      method: request.method ?? 'GET',
      url,
      headers: headersFor(world, request, url),
      signal: session.signal,
    })
    if (response.status === 200 || response.status === 206 || response.status === 416) return { response, url }
    await drain(response, world.clock)
    if (!redirectStatuses.has(response.status)) throw statusFault(url, response, world.clock)
    url = redirectTarget(url, response.headers.location)
  }
  throw refusedRedirect(request.url, `${redacted(request.url)} redirects more than ${maximumRedirects} times`)
}

/** Frees the connection of an answer whose body nobody wants; what goes wrong meanwhile is nobody's business. */
export async function drain(response: TransportResponse, clock: Pick<Clock, 'now'>): Promise<void> {
  const end = clock.now().getTime() + drainedMilliseconds
  let bytes = 0
  try {
    for await (const chunk of response.body) {
      bytes += chunk.length
      if (bytes > drainedBytes || clock.now().getTime() >= end) break
    }
  } catch {
    // The answer itself was what mattered.
  }
}

function headersFor(world: ExchangeWorld, request: ExchangeRequest, url: URL): Record<string, string> {
  const headers: Record<string, string> = {
    ...request.headers,
    'accept-encoding': 'identity',
    'user-agent': 'aptroot',
  }
  const given = url.origin === request.url.origin ? request.credentials : undefined
  const credentials = given ?? world.credentialsOf(url)
  if (credentials !== undefined) {
    const pair = Buffer.from(`${credentials.user}:${credentials.password}`, 'utf8')
    headers.authorization = `Basic ${pair.toString('base64')}`
  }
  return headers
}

function redirectTarget(from: URL, location: string | undefined): URL {
  const target = location === undefined ? undefined : resolved(location, from)
  if (target === undefined) throw refusedRedirect(from, `${redacted(from)} redirects without saying where to`)
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    throw refusedRedirect(from, `${redacted(from)} redirects to ${target.protocol}, which is neither http nor https`)
  if (from.protocol === 'https:' && target.protocol === 'http:')
    throw refusedRedirect(from, `${redacted(from)} redirects from https to ${redacted(target)}`)
  target.username = ''
  target.password = ''
  target.hash = ''
  return target
}

/** A Location may be relative (RFC 9110 section 10.2.2); a server may send its clients where it likes within the rules above. */
function resolved(location: string, from: URL): URL | undefined {
  try {
    return new URL(location, from)
  } catch {
    return undefined
  }
}

function refusedRedirect(from: URL, message: string): Fault {
  return new Fault('NETWORK_REDIRECT_REFUSED', {
    message,
    hint: 'Name the address of the archive itself, or another mirror with `--mirror ID=URI`.',
    context: { url: redacted(from) },
  })
}

function statusFault(url: URL, response: TransportResponse, clock: Clock): Fault {
  const { status } = response
  const where = redacted(url)
  const waitSeconds = retryAfterSeconds(response.headers['retry-after'], clock)
  return new Fault('NETWORK_STATUS', {
    message: `${where} answered ${status}${meaningOf(status)}`,
    hint: hintFor(url, status),
    context: { url: where, status, ...(waitSeconds === undefined ? {} : { retryAfterSeconds: waitSeconds }) },
  })
}

function meaningOf(status: number): string {
  switch (status) {
    case 401:
      return ' (credentials are wanted)'
    case 403:
      return ' (forbidden)'
    case 404:
      return ' (not found)'
    case 407:
      return ' (the proxy wants credentials)'
    case 410:
      return ' (gone)'
    case 429:
      return ' (too many requests)'
    case 503:
      return ' (unavailable)'
    default:
      return ''
  }
}

function hintFor({ protocol, host }: URL, status: number): string {
  switch (status) {
    case 401:
    case 403:
      return protocol === 'https:'
        ? 'Put the credentials of that host into netrc or apt auth.conf, or name another mirror.'
        : `Put the credentials into netrc or apt auth.conf (for http as \`machine http://${host}\`), or name another mirror.`
    case 404:
    case 410:
      return 'Check suite and address of the archive, or name another mirror with `--mirror ID=URI`.'
    case 407:
      return 'Put user and password into the address of the proxy.'
    default:
      return 'Try again later, or name another mirror with `--mirror ID=URI`.'
  }
}
