import xzDecompress from 'xz-decompress'
import { type ByteDecoder, corrupt, cutOff, type PieceOwner, unsupported } from './byte-decoder.ts'

/**
 * xz by liblzma's embedded decoder in WebAssembly, as the package `xz-decompress` brings it: several streams and stream
 * padding, checks none, CRC32 and CRC64 verified (others refused), dictionaries up to 64 MiB.
 *
 * The package's own `XzReadableStream` is not used: it admits one stream at a time in the whole process, so two debs read
 * side by side would wait for each other for ever. Its WebAssembly instance holds any number of contexts; they are driven here.
 */
export async function createXzDecoder(pieces: PieceOwner = 'receiver'): Promise<ByteDecoder & { close(): void }> {
  return new XzDecoder(await loadInstance(), pieces)
}

interface XzExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  create_context(): number
  destroy_context(context: number): void
  supply_input(context: number, sizeBytes: number): void
  get_next_output(context: number): number
}

/** The class's own fields, which its type declaration leaves out; the version is pinned. */
interface XzModule {
  _moduleInstance: { readonly exports: XzExports } | undefined
  _getModuleInstance(): Promise<void>
}

// Statuses of xz-embedded (xz.h).
const ok = 0
const streamEnd = 1
const statusMessages: Readonly<Record<number, string>> = {
  2: 'its check is neither CRC32 nor CRC64',
  3: 'there is not enough memory for its dictionary',
  4: 'its dictionary is larger than 64 MiB',
  6: 'it uses filters other than LZMA2',
}

let loading: Promise<XzExports> | undefined

function loadInstance(): Promise<XzExports> {
  loading ??= instantiate()
  return loading
}

async function instantiate(): Promise<XzExports> {
  const module = xzDecompress.XzReadableStream as unknown as XzModule
  await module._getModuleInstance()
  const instance = module._moduleInstance
  if (instance === undefined) throw new Error('xz-decompress did not make its WebAssembly instance')
  return instance.exports
}

class XzDecoder implements ByteDecoder {
  readonly #exports: XzExports
  readonly #context: number
  readonly #bufferBytes: number
  readonly #pieces: PieceOwner
  #own: Uint8Array | undefined
  #lastStatus = ok
  #fed = 0
  #open = true

  constructor(exports: XzExports, pieces: PieceOwner) {
    this.#exports = exports
    this.#pieces = pieces
    this.#context = exports.create_context()
    if (this.#context === 0) throw unsupported('there is no memory for another decoder')
    this.#bufferBytes = this.#field(0)
  }

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < chunk.length; at += this.#bufferBytes) {
      this.#supply(chunk.subarray(at, at + this.#bufferBytes))
      do yield* this.#nextOutput()
      while (this.#field(2) < this.#field(3))
    }
  }

  *finish(): Generator<Uint8Array> {
    if (this.#fed === 0) throw corrupt(cutOff)
    this.#supply(new Uint8Array(0))
    // What waits in the decoder comes first; a second call without output means that the end is missing.
    let idleCalls = 0
    while (this.#lastStatus !== streamEnd) {
      let produced = 0
      for (const piece of this.#nextOutput()) {
        produced += piece.length
        yield piece
      }
      if (produced === 0 && this.#lastStatus !== streamEnd && ++idleCalls > 1) throw corrupt(cutOff)
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    try {
      this.#exports.destroy_context(this.#context)
    } catch {
      loading = undefined
    }
  }

  #supply(bytes: Uint8Array): void {
    const inputStart = this.#field(1)
    new Uint8Array(this.#exports.memory.buffer, inputStart, this.#bufferBytes).set(bytes)
    this.#exports.supply_input(this.#context, bytes.length)
    this.#fed += bytes.length
  }

  *#nextOutput(): Generator<Uint8Array> {
    let status: number
    try {
      status = this.#exports.get_next_output(this.#context)
    } catch (error) {
      // A trap leaves the instance's allocator in an unknown state: nobody may use it again.
      loading = undefined
      this.#open = false
      throw corrupt(`the decoder stopped: ${error instanceof Error ? error.message : String(error)}`)
    }
    this.#lastStatus = status
    if (status !== ok && status !== streamEnd) {
      const message = statusMessages[status]
      if (message !== undefined) throw unsupported(message)
      throw corrupt(status === 8 ? cutOff : status === 5 ? 'it is no xz stream' : 'a checksum or a structure is wrong')
    }
    const length = this.#field(5)
    if (length === 0) return
    const start = this.#field(4)
    const piece = new Uint8Array(this.#exports.memory.buffer, start, length)
    new Uint32Array(this.#exports.memory.buffer, this.#context, 8)[5] = 0
    // Never a view of this memory: another decoder can make it grow meanwhile, and a view of it is empty then.
    if (this.#pieces === 'receiver') yield piece.slice()
    else {
      this.#own ??= new Uint8Array(this.#bufferBytes)
      this.#own.set(piece)
      yield this.#own.subarray(0, length)
    }
  }

  /** Of the context: 0 size of the buffers, 1 input, 2 and 3 its position and size, 4 output, 5 its position. */
  #field(index: number): number {
    return new Uint32Array(this.#exports.memory.buffer, this.#context, 8)[index] ?? 0
  }
}
