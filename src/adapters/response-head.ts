/** How the end of a body is found (RFC 9112 section 6.3). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunks' }
  | { readonly kind: 'until-close' }

export interface ResponseHead {
  readonly status: number
  /** Lower-case names; a repeated header is joined with ", ". */
  readonly headers: Readonly<Record<string, string>>
  readonly framing: BodyFraming
  /** Whether the connection can be used again after the body. */
  readonly connection: 'kept' | 'closed'
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/

/**
 * Reads the head of an answer, without the empty line at its end. Strict, because whoever reads a doubtful head otherwise than a proxy on the
 * way does takes one answer for another: no folded lines, no lone CR or LF, no second length, no length beside chunks.
 *
 * @throws {Error} with the code `ERR_HTTP_MALFORMED`
 * @see RFC 9112 sections 4, 5 and 6
 */
export function parseResponseHead(text: string, method: 'GET' | 'HEAD'): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n')
  const match = statusLine.exec(first)
  if (match === null) throw malformed('status line')
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const [, name = '', value = ''] = fieldLine.exec(line) ?? []
    if (name === '') throw malformed('header')
    const key = name.toLowerCase()
    const trimmed = value.trimEnd()
    headers[key] = key in headers ? `${headers[key]}, ${trimmed}` : trimmed
  }
  const status = Number(match[2])
  const framing = method === 'HEAD' || status === 204 || status === 304 ? { kind: 'none' as const } : framingOf(headers)
  const wishes = (headers.connection ?? '').toLowerCase().split(/[\t ]*,[\t ]*/)
  const isKept = match[1] === '1' ? !wishes.includes('close') : wishes.includes('keep-alive')
  return { status, headers, framing, connection: isKept && framing.kind !== 'until-close' ? 'kept' : 'closed' }
}

function framingOf(headers: Readonly<Record<string, string>>): BodyFraming {
  const encoding = headers['transfer-encoding']
  const length = headers['content-length']
  if (encoding !== undefined) {
    if (length !== undefined || encoding.toLowerCase() !== 'chunked') throw malformed('framing')
    return { kind: 'chunks' }
  }
  if (length === undefined) return { kind: 'until-close' }
  // Two lengths, equal ones too, were joined by a comma.
  if (!/^\d{1,15}$/.test(length)) throw malformed('length')
  return { kind: 'length', bytes: Number(length) }
}

export function malformed(what: string): Error {
  return Object.assign(new Error(`malformed ${what}`), { code: 'ERR_HTTP_MALFORMED' })
}
