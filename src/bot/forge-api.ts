import {
  type Clock,
  encodeUtf8,
  Fault,
  isFault,
  printable,
  readJsonBody,
  redacted,
  type Sender,
  type Transport,
} from '../kernel/index.ts'
import { withoutMirrors } from '../transfer/index.ts'

/** Where a forge's API is, and what proves who asks. */
export interface ForgeAccess {
  /** Its address, ending in a slash: `https://api.github.com/`. */
  readonly api: URL
  /** Sent to the origin of `api` and nowhere else. Lower-case name. */
  readonly authorization: { readonly header: string; readonly value: string; readonly secret: string }
  /** Of every request. */
  readonly headers: Readonly<Record<string, string>>
}

export interface ForgeWorld {
  readonly transport: Transport & Sender
  readonly clock: Clock
  readonly signal: AbortSignal
}

export type ForgeMethod = 'GET' | 'POST' | 'PATCH' | 'PUT'

export interface ForgeAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** JSON over HTTP, with the forge's limits obeyed. */
export interface ForgeApi {
  /**
   * @param path below the API's address, already encoded
   * @throws {Fault} `FORGE_DENIED` for 401, 403 and 404, `FORGE_REFUSED` for any other status that is none of 2xx, 409 and 422,
   *   `FORGE_LIMITED` when it asks to wait too long, `NETWORK_*`
   */
  ask(method: ForgeMethod, path: string, body?: unknown): Promise<ForgeAnswer>
  /** All pages of a list, as `Link` chains them. */
  list(path: string): Promise<readonly unknown[]>
}

const maximumBodyBytes = 16 * 1024 * 1024
const maximumPages = 100
/** Of one limit: a nightly pass would rather fail than hold a runner for an hour. */
const longestWaitMilliseconds = 5 * 60_000
const attempts = 4

export function createForgeApi(access: ForgeAccess, world: ForgeWorld): ForgeApi {
  const ask = (method: ForgeMethod, path: string, body?: unknown) =>
    persist({ method, url: new URL(path, access.api), body }, access, world)
  return {
    ask,
    async list(path) {
      const items: unknown[] = []
      let url: URL | undefined = new URL(path, access.api)
      for (let page = 0; url !== undefined; page++) {
        if (page === maximumPages) throw refused(access, url, `has more than ${maximumPages} pages`)
        const answer = await persist({ method: 'GET', url, body: undefined }, access, world)
        if (!Array.isArray(answer.body)) throw refused(access, url, 'answered with no list')
        items.push(...answer.body)
        url = nextPage(answer.headers.link, access, url)
      }
      return items
    },
  }
}

interface Ask {
  readonly method: ForgeMethod
  readonly url: URL
  readonly body: unknown
}

async function persist(ask: Ask, access: ForgeAccess, world: ForgeWorld): Promise<ForgeAnswer> {
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt === attempts
    let answer: ForgeAnswer
    try {
      answer = await exchange(ask, access, world)
    } catch (error) {
      // Whether a POST arrived is not known: its caller has to look.
      if (isLast || ask.method === 'POST' || !isFault(error) || error.exitCode !== 4) throw withoutMirrors(error)
      await world.clock.sleep(1000 * 2 ** attempt, world.signal)
      continue
    }
    const wait = limitOf(answer, world.clock.now())
    if (wait !== undefined) {
      if (isLast || wait > longestWaitMilliseconds) throw limited(ask.url, wait, world.clock.now())
      await world.clock.sleep(wait, world.signal)
      continue
    }
    if (answer.status >= 500) {
      if (isLast || ask.method === 'POST') throw failed(access, ask.url, answer)
      await world.clock.sleep(1000 * 2 ** attempt, world.signal)
      continue
    }
    return accepted(answer, ask.url, access)
  }
}

async function exchange({ method, url, body }: Ask, access: ForgeAccess, world: ForgeWorld): Promise<ForgeAnswer> {
  const { transport, signal } = world
  const headers = {
    ...access.headers,
    'user-agent': 'aptroot',
    [access.authorization.header]: access.authorization.value,
  }
  const response = await (method === 'GET'
    ? transport.request({ method, url, headers, signal })
    : transport.send({
        method,
        url,
        headers: { ...headers, 'content-type': 'application/json' },
        body: encodeUtf8(JSON.stringify(body)),
        signal,
      }))
  const answered = await readJsonBody(response.body, {
    maximumBytes: maximumBodyBytes,
    tooLong: () => refused(access, url, `sent more than ${maximumBodyBytes} bytes`),
  })
  return { status: response.status, headers: response.headers, body: answered }
}

/** How long the forge asks to wait, undefined when it does not. @see RFC 9110 10.2.3; GitHub "Rate limits for the REST API"; GitLab "Rate limits" */
function limitOf({ status, headers, body }: ForgeAnswer, now: Date): number | undefined {
  const remaining = headers['x-ratelimit-remaining'] ?? headers['ratelimit-remaining']
  const isLimit =
    status === 429 ||
    (status === 403 &&
      (headers['retry-after'] !== undefined || remaining === '0' || /rate limit/i.test(messageOf(body))))
  if (!isLimit) return undefined
  const after = headers['retry-after']
  if (after !== undefined) {
    const seconds = /^\d{1,9}$/.test(after) ? Number(after) : (Date.parse(after) - now.getTime()) / 1000
    if (Number.isFinite(seconds)) return Math.max(1000, seconds * 1000)
  }
  const reset = headers['x-ratelimit-reset'] ?? headers['ratelimit-reset']
  if (reset !== undefined && /^\d{1,12}$/.test(reset))
    return Math.max(1000, Number(reset) * 1000 - now.getTime() + 1000)
  return 60_000
}

function accepted(answer: ForgeAnswer, url: URL, access: ForgeAccess): ForgeAnswer {
  const { status } = answer
  if ((status >= 200 && status < 300) || status === 409 || status === 422) return answer
  const words = wordsOf(answer.body, access)
  if (status === 401 || status === 403 || status === 404)
    throw new Fault('FORGE_DENIED', {
      message: `${redacted(url)} answered ${status}${words}`,
      hint:
        status === 401
          ? 'The token is wrong or has expired: give a new one in APTROOT_FORGE_TOKEN.'
          : 'Check the name of the repository, and that the token may read and write its requests and contents.',
      context: { url: redacted(url), status },
    })
  throw refused(access, url, `answered ${status}${words}`)
}

/** What is neither yes nor no. */
export function refused({ api }: Pick<ForgeAccess, 'api'>, url: URL, what: string): Fault {
  return new Fault('FORGE_REFUSED', {
    message: `${redacted(url)} ${what}`,
    hint: `Check that ${api.host} is the forge of this repository, and its name there; see docs/bot.md.`,
    context: { url: redacted(url) },
  })
}

function failed(access: ForgeAccess, url: URL, { status, body }: ForgeAnswer): Fault {
  return new Fault('NETWORK_STATUS', {
    message: `${redacted(url)} answered ${status}${wordsOf(body, access)}`,
    hint: 'Run the command again later: it goes on where it stopped.',
    context: { url: redacted(url), status },
  })
}

function limited(url: URL, waitMilliseconds: number, now: Date): Fault {
  const until = new Date(now.getTime() + waitMilliseconds).toISOString().replace(/\.\d+/, '')
  return new Fault('FORGE_LIMITED', {
    message: `${url.host} takes no more requests from this token until ${until}`,
    hint: 'Run the command again then: it goes on where it stopped.',
    context: { host: url.host, until },
  })
}

/** `: Validation Failed: No commits between main and x`, without what would move a cursor and without the token, should a server repeat it. */
export function wordsOf(body: unknown, { authorization }: Pick<ForgeAccess, 'authorization'>): string {
  const words = messageOf(body).replaceAll(authorization.secret, '(token)')
  return words === '' ? '' : `: ${printable(words).slice(0, 300)}`
}

/** GitHub has `message` and `errors`, GitLab `message` (text, list or mapping) or `error`. */
function messageOf(body: unknown): string {
  if (typeof body !== 'object' || body === null) return ''
  const { message, error, errors } = body as Readonly<Record<string, unknown>>
  const parts = [message, error, errors].filter(each => each !== undefined)
  return parts.map(each => (typeof each === 'string' ? each : JSON.stringify(each))).join(': ')
}

/** The address after `rel="next"`, which must not lead to another host: the token goes with it. @see RFC 8288 */
function nextPage(link: string | undefined, access: ForgeAccess, from: URL): URL | undefined {
  const match = /<([^<>]*)>\s*;[^,<]*\brel="?next"?/.exec(link ?? '')
  if (match?.[1] === undefined) return undefined
  const next = URL.canParse(match[1], from.href) ? new URL(match[1], from) : undefined
  if (next?.origin !== access.api.origin) throw refused(access, from, 'names a next page on another host')
  return next
}
