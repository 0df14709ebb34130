import { Fault } from '../kernel/index.ts'
import { byteStringOf } from './byte-string.ts'
import { blockBytes, paddingBytes, type TarEntry } from './tar-entry.ts'
import { entryOf, parseTarHeader, TarProblem } from './tar-header.ts'
import { PaxProblem, type PaxRecords, parsePaxRecords } from './tar-pax.ts'

export interface TarOptions {
  /** What messages call the archive. */
  readonly name: string
  /** `refuse` inside debs: dpkg stops at pax headers, so a deb that has them is none. */
  readonly paxHeaders: 'read' | 'refuse'
}

/** The content of a file follows its entry in pieces that add up to its size; other entries have none. */
export type TarEvent =
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  | { readonly kind: 'content'; readonly bytes: Uint8Array }

/** Linux refuses longer paths (PATH_MAX), so no longer name can be unpacked. */
const maximumNameBytes = 4096
/** Linux allows 64 KiB for all extended attributes of a file on most file systems. */
const maximumPaxBytes = 1024 * 1024

type State =
  | { readonly kind: 'header' }
  | { readonly kind: 'content'; remaining: number; padding: number }
  | { readonly kind: 'padding'; remaining: number }
  | { readonly kind: 'extension'; readonly flag: string; readonly bytes: Uint8Array; filled: number }
  | { readonly kind: 'end' }

/**
 * The synchronous core: chunks in, events out. v7, ustar, pax and GNU archives; strict, since what two readers take for
 * different contents is how a hostile archive hides something.
 *
 * Refused: wrong checksums, numbers out of range, sparse and unknown types, content where there can be none, a repeated
 * or contradicting extension, one that nothing follows, names over 4 KiB and pax headers over 1 MiB, an end without a block of zeros,
 * and anything but zeros after it.
 */
export class TarParser {
  readonly #options: TarOptions
  readonly #block = new Uint8Array(blockBytes)
  #blockFilled = 0
  #state: State = { kind: 'header' }
  #offset = 0
  #globalPax: PaxRecords = new Map()
  #pax: PaxRecords | undefined
  #longPath: string | undefined
  #longLinkPath: string | undefined

  constructor(options: TarOptions) {
    this.#options = options
  }

  /**
   * @returns what the chunk completes; contents are views of the chunk
   * @throws {Fault} `TAR_MALFORMED`
   */
  push(chunk: Uint8Array): readonly TarEvent[] {
    const events: TarEvent[] = []
    let at = 0
    while (at < chunk.length) {
      const state = this.#state
      switch (state.kind) {
        case 'header':
          at = this.#readHeader(chunk, at, events)
          break
        case 'content': {
          const bytes = chunk.subarray(at, at + state.remaining)
          events.push({ kind: 'content', bytes })
          at += bytes.length
          state.remaining -= bytes.length
          if (state.remaining === 0) this.#state = afterContent(state.padding)
          break
        }
        case 'padding': {
          const skipped = Math.min(state.remaining, chunk.length - at)
          at += skipped
          state.remaining -= skipped
          if (state.remaining === 0) this.#state = { kind: 'header' }
          break
        }
        case 'extension': {
          const piece = chunk.subarray(at, at + state.bytes.length - state.filled)
          state.bytes.set(piece, state.filled)
          at += piece.length
          state.filled += piece.length
          if (state.filled === state.bytes.length) this.#finishExtension(state.flag, state.bytes)
          break
        }
        case 'end':
          for (; at < chunk.length; at++)
            if (chunk[at] !== 0) throw this.#malformed(`something follows its end, ${at} bytes into the last chunk`)
          break
        default:
          return state satisfies never
      }
    }
    this.#offset += chunk.length
    return events
  }

  /** @throws {Fault} `TAR_MALFORMED` when the archive is not complete */
  finish(): void {
    if (this.#state.kind === 'end') return
    throw this.#malformed(
      this.#state.kind === 'header' && this.#blockFilled === 0
        ? 'the zeros that end an archive are missing'
        : `it is cut off inside ${describe(this.#state)}`,
    )
  }

  #readHeader(chunk: Uint8Array, start: number, events: TarEvent[]): number {
    let block: Uint8Array
    let next: number
    if (this.#blockFilled === 0 && chunk.length - start >= blockBytes) {
      next = start + blockBytes
      block = chunk.subarray(start, next)
    } else {
      const piece = chunk.subarray(start, start + blockBytes - this.#blockFilled)
      this.#block.set(piece, this.#blockFilled)
      this.#blockFilled += piece.length
      next = start + piece.length
      if (this.#blockFilled < blockBytes) return next
      this.#blockFilled = 0
      block = this.#block
    }
    if (isZero(block)) this.#startEnd()
    else this.#acceptHeader(block, events)
    return next
  }

  #startEnd(): void {
    if (this.#pax !== undefined || this.#longPath !== undefined || this.#longLinkPath !== undefined)
      throw this.#malformed('it ends after an extension that belongs to no member')
    this.#state = { kind: 'end' }
  }

  #acceptHeader(block: Uint8Array, events: TarEvent[]): void {
    try {
      const header = parseTarHeader(block)
      if ('xgLK'.includes(header.typeFlag)) {
        this.#startExtension(header.typeFlag, header.sizeBytes)
        return
      }
      const pax = this.#pax === undefined ? this.#globalPax : new Map([...this.#globalPax, ...this.#pax])
      const entry = entryOf(header, { longPath: this.#longPath, longLinkPath: this.#longLinkPath, pax })
      this.#pax = undefined
      this.#longPath = undefined
      this.#longLinkPath = undefined
      events.push({ kind: 'entry', entry })
      const sizeBytes = entry.kind === 'file' ? entry.sizeBytes : 0
      if (sizeBytes > 0) this.#state = { kind: 'content', remaining: sizeBytes, padding: paddingBytes(sizeBytes) }
    } catch (error) {
      throw this.#explained(error)
    }
  }

  #startExtension(flag: string, sizeBytes: number): void {
    const isPax = flag === 'x' || flag === 'g'
    if (isPax && this.#options.paxHeaders === 'refuse')
      throw new TarProblem('it has pax headers, which dpkg does not read')
    const maximum = isPax ? maximumPaxBytes : maximumNameBytes
    if (sizeBytes < 1 || sizeBytes > maximum)
      throw new TarProblem(`an extension (type ${flag}) has ${sizeBytes} bytes, but 1 to ${maximum} are allowed`)
    const repeated =
      (flag === 'x' && this.#pax !== undefined) ||
      (flag === 'L' && this.#longPath !== undefined) ||
      (flag === 'K' && this.#longLinkPath !== undefined)
    if (repeated) throw new TarProblem(`an extension (type ${flag}) is given twice for one member`)
    this.#state = { kind: 'extension', flag, bytes: new Uint8Array(sizeBytes), filled: 0 }
  }

  #finishExtension(flag: string, bytes: Uint8Array): void {
    this.#state = afterContent(paddingBytes(bytes.length))
    try {
      if (flag === 'L') this.#longPath = longName(bytes)
      else if (flag === 'K') this.#longLinkPath = longName(bytes)
      else if (flag === 'x') this.#pax = parsePaxRecords(bytes)
      else this.#globalPax = new Map([...this.#globalPax, ...globalRecords(bytes)])
    } catch (error) {
      throw this.#explained(error)
    }
  }

  #explained(error: unknown): unknown {
    return error instanceof TarProblem || error instanceof PaxProblem ? this.#malformed(error.message) : error
  }

  #malformed(problem: string): Fault {
    const { name } = this.#options
    return new Fault('TAR_MALFORMED', {
      message: `${name} is not a sound tar archive: ${problem}`,
      hint: 'The file is damaged, or was made by a tool that dpkg would not accept either.',
      context: { archive: name, nearByte: this.#offset },
    })
  }
}

/**
 * The events of an archive, one list for each chunk: the fast way, for those who keep count of contents themselves.
 *
 * @throws {Fault} `TAR_MALFORMED`
 */
export async function* readTarEvents(
  source: AsyncIterable<Uint8Array>,
  options: TarOptions,
): AsyncGenerator<readonly TarEvent[]> {
  const parser = new TarParser(options)
  for await (const chunk of source) {
    const events = parser.push(chunk)
    if (events.length > 0) yield events
  }
  parser.finish()
}

export interface TarMember {
  readonly entry: TarEntry
  /** Can be read once, and only until the next member is asked for; what is left unread is skipped. */
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * The members of an archive, one after the other.
 *
 * @throws {Fault} `TAR_MALFORMED`
 */
export async function* readTar(source: AsyncIterable<Uint8Array>, options: TarOptions): AsyncGenerator<TarMember> {
  const batches = readTarEvents(source, options)
  let batch: readonly TarEvent[] = []
  let next = 0
  const peek = async (): Promise<TarEvent | undefined> => {
    while (next >= batch.length) {
      const step = await batches.next()
      if (step.done === true) return undefined
      batch = step.value
      next = 0
    }
    return batch[next]
  }
  async function* contentOfMember(): AsyncGenerator<Uint8Array> {
    for (let event = await peek(); event?.kind === 'content'; event = await peek()) {
      next++
      yield event.bytes
    }
  }
  try {
    for (let event = await peek(); event !== undefined; event = await peek()) {
      next++
      if (event.kind === 'content') continue
      yield { entry: event.entry, body: event.entry.kind === 'file' ? contentOfMember() : noContent() }
    }
  } finally {
    await batches.return(undefined)
  }
}

async function* noContent(): AsyncGenerator<Uint8Array> {}

/** GNU writes a NUL at the end, and nothing after it. */
function longName(bytes: Uint8Array): string {
  const zero = bytes.indexOf(0)
  const name = byteStringOf(zero === -1 ? bytes : bytes.subarray(0, zero))
  if (name === '' || (zero !== -1 && !bytes.subarray(zero).every(byte => byte === 0)))
    throw new TarProblem('a long name is empty or has text after its NUL')
  return name
}

/** A path or size for all members makes no sense and readers disagree about it. */
function globalRecords(bytes: Uint8Array): PaxRecords {
  const records = parsePaxRecords(bytes)
  for (const keyword of ['path', 'linkpath', 'size'])
    if (records.has(keyword)) throw new TarProblem(`a global pax header sets the ${keyword} of all members`)
  return records
}

function afterContent(padding: number): State {
  return padding === 0 ? { kind: 'header' } : { kind: 'padding', remaining: padding }
}

function isZero(block: Uint8Array): boolean {
  for (let at = 0; at < block.length; at++) if (block[at] !== 0) return false
  return true
}

function describe(state: State): string {
  switch (state.kind) {
    case 'header':
      return 'a header'
    case 'content':
      return 'the content of a member'
    case 'padding':
      return 'the filling after a member'
    case 'extension':
      return 'an extension'
    case 'end':
      return 'its end'
    default:
      return state satisfies never
  }
}
