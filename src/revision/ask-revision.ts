import {
  type Clock,
  encodeUtf8,
  Fault,
  isFault,
  isJsonObject,
  printable,
  readJsonBody,
  redacted,
  type Sender,
} from '../kernel/index.ts'
import { withoutMirrors } from '../transfer/index.ts'
import type { RevisionKey } from './key.ts'
import { isRevision, type Revision } from './revision-number.ts'

/** A revision service, as a client sees it. */
export interface RevisionService {
  readonly transport: Sender
  readonly clock: Clock
  /** `http://127.0.0.1:8090`; the API lies below it. */
  readonly url: URL
  /** Of a writer; undefined where the service wants none. Never printed. */
  readonly token: string | undefined
}

export interface RevisionAnswer {
  readonly revision: Revision
  /** Whether the checksum had this revision before it was asked for. */
  readonly known: boolean
}

const maximumBodyBytes = 64 * 1024

/**
 * The revision of a key: the one that its checksum has, or the next.
 *
 * Asked again after a failure that may pass (no connection, 408, 429, 5xx), since a revision that was given and whose answer got lost is
 * simply told again.
 *
 * @throws {Fault} `REVISION_KEY_INVALID`, `REVISION_DENIED`, `REVISION_UNKNOWN` (a read-only service), `REVISION_CONTRADICTED`,
 *   `REVISION_UNAVAILABLE`, `NETWORK_*`; `USAGE_INVALID` when something else answers at this address
 */
export async function askRevision(
  service: RevisionService,
  key: RevisionKey,
  signal: AbortSignal,
): Promise<RevisionAnswer> {
  const { body, url } = await postKey(service, { path: 'v1/revision', key, attempts: 5 }, signal)
  if (
    isJsonObject(body) &&
    typeof body.known === 'boolean' &&
    typeof body.revision === 'string' &&
    isRevision(body.revision)
  )
    return { revision: body.revision, known: body.known }
  throw noService(url, 'answered with no revision')
}

/** What a service is asked, and where. */
export interface KeyQuestion {
  /** Below the service's address. */
  readonly path: 'v1/revision' | 'v1/lookup'
  readonly key: RevisionKey
  /** How often it is asked at most. */
  readonly attempts: number
}

/** A question's answer of status 200, as JSON. @throws {Fault} as `askRevision` */
export async function postKey(
  service: RevisionService,
  { path, key, attempts }: KeyQuestion,
  signal: AbortSignal,
): Promise<{ readonly body: unknown; readonly url: URL }> {
  const url = new URL(`${service.url.pathname.replace(/\/+$/, '')}/${path}`, service.url)
  for (let attempt = 1; ; attempt++) {
    try {
      return { body: await exchange(service, { url, key }, signal), url }
    } catch (error) {
      if (attempt === attempts || !isFault(error) || error.exitCode !== 4) throw withoutMirrors(error)
      await service.clock.sleep(100 * 2 ** attempt, signal)
    }
  }
}

async function exchange(
  { transport, token }: RevisionService,
  { url, key }: { readonly url: URL; readonly key: RevisionKey },
  signal: AbortSignal,
): Promise<unknown> {
  const { package: name, version, architecture, checksum } = key
  const response = await transport.send({
    method: 'POST',
    url,
    headers: {
      'user-agent': 'aptroot',
      accept: 'application/json',
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: encodeUtf8(JSON.stringify({ package: name, version, architecture, checksum })),
    signal,
  })
  const body = await readJsonBody(response.body, {
    maximumBytes: maximumBodyBytes,
    tooLong: () => noService(url, `sent more than ${maximumBodyBytes} bytes`),
  })
  if (response.status === 200) return body
  throw refusal(url, { status: response.status, body, token })
}

interface Refusal {
  readonly status: number
  readonly body: unknown
  readonly token: string | undefined
}

/** Codes of a service's own faults that a client passes on. */
const passedOn = [
  'REVISION_KEY_INVALID',
  'REVISION_DENIED',
  'REVISION_UNKNOWN',
  'REVISION_CONTRADICTED',
  'REVISION_UNAVAILABLE',
] as const

function refusal(url: URL, { status, body, token }: Refusal): Fault {
  const where = redacted(url)
  const code = passedOn.find(each => isJsonObject(body) && each === body.code)
  if (code === undefined) {
    if (status === 408 || status === 429 || status >= 500)
      return new Fault('NETWORK_STATUS', {
        message: `${where} answered ${status}`,
        hint: 'Run the command again later; a revision that was given already is told again.',
        context: { url: where, status },
      })
    return noService(url, `answered ${status}`)
  }
  const hint = wordsOf(body, 'hint', token)
  return new Fault(code, {
    message: `${where} answered ${status}: ${wordsOf(body, 'message', token)}`,
    ...(hint === '' ? {} : { hint }),
    context: { url: where, status },
  })
}

/** A server's words, without what would move a cursor and without the token, should it repeat it. */
function wordsOf(body: unknown, field: 'message' | 'hint', token: string | undefined): string {
  const words = isJsonObject(body) && typeof body[field] === 'string' ? body[field] : ''
  return printable(token === undefined ? words : words.replaceAll(token, '(token)')).slice(0, 300)
}

/** @param what as in `answered with no revision` */
export function noService(url: URL, what: string): Fault {
  return new Fault('USAGE_INVALID', {
    message: `${redacted(url)} is no revision service: it ${what}`,
    hint: 'Check that this is the address of a revision service; `curl ADDRESS/health` answers {"status":"ok"} there.',
    context: { url: redacted(url) },
  })
}
