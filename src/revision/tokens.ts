import { createHash, timingSafeEqual } from 'node:crypto'
import { Fault } from '../kernel/index.ts'

/** The tokens of writers. Only their digests are kept. */
export type TokenList = readonly Uint8Array[]

const greatestAmount = 256
const tokenPattern = /^[A-Za-z0-9._~+/=-]{16,256}$/

/**
 * Reads a file of tokens: one a line, blank lines and lines that begin with `#` between them. Several, so that a new one can be handed out before
 * the old one is taken away.
 *
 * @throws {Fault} `SETTINGS_INVALID` that names the line and shows nothing of it
 * @see RFC 6750 2.1 for what a bearer token may hold
 */
export function readTokens(text: string): TokenList {
  const tokens = text.split('\n').flatMap((line, at) => {
    const token = line.trim()
    if (token === '' || token.startsWith('#')) return []
    if (tokenPattern.test(token)) return [digestOf(token)]
    throw invalid(`line ${at + 1} of the file of tokens is no token`)
  })
  if (tokens.length === 0) throw invalid('the file of tokens has none')
  if (tokens.length > greatestAmount) throw invalid(`the file of tokens has more than ${greatestAmount}`)
  return tokens
}

/** Whether a request's `Authorization` shows one of the tokens; how long that takes tells nothing about them. */
export function isAuthorised(tokens: TokenList, authorization: string | undefined): boolean {
  const [, given] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? []
  const digest = digestOf(given ?? '')
  let found = 0
  for (const token of tokens) found |= timingSafeEqual(token, digest) ? 1 : 0
  return given !== undefined && found === 1
}

function digestOf(token: string): Uint8Array {
  return createHash('sha256').update(token).digest()
}

function invalid(message: string): Fault {
  return new Fault('SETTINGS_INVALID', {
    message,
    hint: 'Write one token a line, 16 to 256 letters, digits and ._~+/=-, such as `openssl rand -hex 32` prints.',
  })
}
