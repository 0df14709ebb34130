import { Fault } from '../kernel/index.ts'
import { ByteSource } from './byte-source.ts'
import { asBuffer, byteStringOf, bytesOfByteString, displayByteString } from './byte-string.ts'

/** What the 60 bytes before a member say (ar(5), common format). */
export interface ArHeader {
  /** As stored, without the blanks that fill the field and without the slash that System V puts after it. */
  readonly name: string
  readonly modifiedSeconds: number
  readonly userId: number
  readonly groupId: number
  /** As stored: type and permission bits, `0o100644` for a file of mode 0644. */
  readonly mode: number
  readonly sizeBytes: number
}

export interface ArMember extends ArHeader {
  /** Can be read once, and only until the next member is asked for; what is left unread is skipped. */
  readonly body: AsyncIterable<Uint8Array>
}

export interface ArOptions {
  /** What messages call the archive. */
  readonly name: string
}

const magic = '!<arch>\n'
const headerBytes = 60

/**
 * The members of an ar archive, one after the other.
 *
 * The common format only, as deb(5) demands: names of GNU's and BSD's extensions are given as stored (`//`, `#1/20`). The
 * byte that pads a member of odd size may have any value and may be missing after the last member, as for dpkg-deb.
 *
 * @throws {Fault} `AR_MALFORMED` wrong magic, a malformed header, a member cut off
 */
export async function* readAr(source: AsyncIterable<Uint8Array>, options: ArOptions): AsyncGenerator<ArMember> {
  const bytes = new ByteSource(source)
  try {
    const start = byteStringOf(await bytes.read(magic.length))
    if (start !== magic)
      throw malformed(options, `it begins with ${displayByteString(start)} instead of ${displayByteString(magic)}`)
    for (;;) {
      const headerBlock = await bytes.read(headerBytes)
      if (headerBlock.length === 0) return
      const header = parseHeader(headerBlock, options)
      const content = new MemberContent(bytes, header, options)
      yield { ...header, body: content.pieces() }
      await content.skip()
    }
  } finally {
    await bytes.close()
  }
}

class MemberContent {
  readonly #source: ByteSource
  readonly #header: ArHeader
  readonly #options: ArOptions
  #remaining: number

  constructor(source: ByteSource, header: ArHeader, options: ArOptions) {
    this.#source = source
    this.#header = header
    this.#options = options
    this.#remaining = header.sizeBytes
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    while (this.#remaining > 0) yield await this.#next()
  }

  async skip(): Promise<void> {
    while (this.#remaining > 0) await this.#next()
    if (this.#header.sizeBytes % 2 === 1) await this.#source.read(1)
  }

  async #next(): Promise<Uint8Array> {
    const piece = await this.#source.readSome(this.#remaining)
    const { name, sizeBytes } = this.#header
    if (piece === undefined) {
      const found = sizeBytes - this.#remaining
      throw malformed(this.#options, `${displayByteString(name)} ends after ${found} of ${sizeBytes} bytes`)
    }
    this.#remaining -= piece.length
    return piece
  }
}

function parseHeader(block: Uint8Array, options: ArOptions): ArHeader {
  if (block.length < headerBytes)
    throw malformed(options, `it ends inside a member header, after ${block.length} bytes`)
  const text = byteStringOf(block)
  if (!text.endsWith('`\n')) throw malformed(options, `a member header ends with ${displayByteString(text.slice(58))}`)
  const name = text
    .slice(0, 16)
    .replace(/ +$/, '')
    .replace(/(?<=[^/])\/$/, '')
  if (name === '' || /[\0-\x1f]/.test(name))
    throw malformed(options, `a member is named ${displayByteString(text.slice(0, 16))}`)
  const number = (label: string, start: number, end: number, radix: 8 | 10): number => {
    const field = text.slice(start, end).replace(/ +$/, '')
    if (field === '' && label !== 'size') return 0
    if (!(radix === 8 ? /^[0-7]+$/ : /^[0-9]+$/).test(field))
      throw malformed(options, `${displayByteString(name)} has the ${label} ${displayByteString(field)}`)
    return Number.parseInt(field, radix)
  }
  return {
    name,
    modifiedSeconds: number('time', 16, 28, 10),
    userId: number('owner', 28, 34, 10),
    groupId: number('group', 34, 40, 10),
    mode: number('mode', 40, 48, 8),
    sizeBytes: number('size', 48, 58, 10),
  }
}

function malformed(options: ArOptions, problem: string): Fault {
  return new Fault('AR_MALFORMED', {
    message: `${options.name} is not a sound ar archive: ${problem}`,
    hint: 'The file is damaged or was not made by dpkg-deb or ar.',
    context: { archive: options.name },
  })
}

export interface ArContent {
  readonly name: string
  readonly content: Uint8Array
  /** Defaults are dpkg-deb's: time 0, owner 0, mode 0o100644. */
  readonly modifiedSeconds?: number
  readonly mode?: number
}

/**
 * An ar archive as `dpkg-deb` writes it: the magic, then for each member name (16, blank filled), time (12, decimal), owner
 * and group (6 each, 0), mode (8, octal), size (10, decimal), a grave accent and a newline, the content, and a newline
 * where the size is odd.
 *
 * @throws {RangeError} a name of more than 15 bytes or with blanks or slashes, a number that does not fit
 */
export function writeAr(members: readonly ArContent[]): Uint8Array {
  const parts: Uint8Array[] = [bytesOfByteString(magic)]
  for (const member of members) {
    if (!/^[!-.0-~]{1,15}$/.test(member.name))
      throw new RangeError(`${JSON.stringify(member.name)} is no ar member name`)
    const fields = [
      fill(member.name, 16),
      fill(String(member.modifiedSeconds ?? 0), 12),
      fill('0', 6),
      fill('0', 6),
      fill((member.mode ?? 0o100644).toString(8), 8),
      fill(String(member.content.length), 10),
    ]
    parts.push(bytesOfByteString(`${fields.join('')}\`\n`), member.content)
    if (member.content.length % 2 === 1) parts.push(bytesOfByteString('\n'))
  }
  return Buffer.concat(parts.map(asBuffer))
}

function fill(text: string, width: number): string {
  if (text.length > width) throw new RangeError(`${text} does not fit into ${width} bytes of an ar header`)
  return text.padEnd(width, ' ')
}
