import { BitReader } from './bit-reader.ts'
import { type ByteDecoder, corrupt, cutOff, outputPieceBytes } from './byte-decoder.ts'
import { type Bzip2Block, decodeBzip2Block } from './bzip2-block.ts'

/**
 * No block takes more: 900,000 bytes cost at most 900,001 codes of 20 bits, the selectors 32,767 times 6 bits, the tables less
 * than 10 kB. So a block is decoded once that much input waits, or the input has ended, and the loops never wait.
 */
const blockInputBytes = 2_400_000

const blockMagic = [0x314159, 0x265359] as const
const endMagic = [0x177245, 0x385090] as const

/**
 * bzip2: several streams one after the other, checksums of blocks and streams verified. What follows the last stream is
 * refused; so are randomised blocks, which bzip2 has not written since 1997.
 */
export function createBzip2Decoder(): ByteDecoder {
  return new Bzip2Decoder()
}

class Bzip2Decoder implements ByteDecoder {
  readonly #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #input: Uint8Array = new Uint8Array(0)
  #bitOffset = 0
  #state: 'stream' | 'block' = 'stream'
  #streams = 0
  #blockBytes = 0
  #streamChecksum = 0;

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    if (this.#remainingBytes() < 2 * blockInputBytes) return
    this.#join()
    while (this.#remainingBytes() >= blockInputBytes) yield* this.#step()
  }

  *finish(): Generator<Uint8Array> {
    this.#join()
    while (this.#remainingBytes() > 0) yield* this.#step()
    if (this.#state === 'block' || this.#streams === 0) throw corrupt(cutOff)
  }

  *#step(): Generator<Uint8Array> {
    const bits = new BitReader(this.#input, this.#bitOffset)
    if (this.#state === 'stream') {
      this.#startStream(bits)
    } else {
      const magic = [bits.read(24), bits.read(24)] as const
      const checksum = ((bits.read(16) << 16) | bits.read(16)) >>> 0
      if (magic[0] === blockMagic[0] && magic[1] === blockMagic[1]) {
        const block = decodeBzip2Block(bits, this.#blockBytes)
        yield* blockBytes(block, checksum)
        this.#streamChecksum = (((this.#streamChecksum << 1) | (this.#streamChecksum >>> 31)) ^ checksum) >>> 0
      } else if (magic[0] === endMagic[0] && magic[1] === endMagic[1]) {
        bits.refuseOverrun()
        if (checksum !== this.#streamChecksum) throw corrupt('the checksum of a stream is wrong')
        bits.alignToByte()
        this.#state = 'stream'
      } else {
        bits.refuseOverrun()
        throw corrupt('a block has no beginning')
      }
    }
    this.#bitOffset = bits.offset
  }

  #startStream(bits: BitReader): void {
    const magic = bits.read(24)
    const level = bits.read(8) - 0x30
    if (magic !== 0x425a68 || level < 1 || level > 9)
      throw corrupt(this.#streams === 0 ? 'it is no bzip2 stream' : 'something follows its end')
    bits.refuseOverrun()
    this.#blockBytes = level * 100_000
    this.#streamChecksum = 0
    this.#streams++
    this.#state = 'block'
  }

  #remainingBytes(): number {
    return this.#input.length - Math.floor(this.#bitOffset / 8) + this.#waitingBytes
  }

  #join(): void {
    const used = Math.floor(this.#bitOffset / 8)
    const parts = [this.#input.subarray(used), ...this.#waiting.splice(0)]
    this.#input = Buffer.concat(parts)
    this.#waitingBytes = 0
    this.#bitOffset -= used * 8
  }
}

/** Undoes the run lengths (four equal bytes and a count) and checks the sum. */
function* blockBytes(block: Bzip2Block, expectedChecksum: number): Generator<Uint8Array> {
  const { links, count } = block
  let position = links[(links[block.origin] ?? 0) >>> 8] ?? 0
  let run = 0
  let previous = -1
  let checksum = 0xffff_ffff
  let output = new Uint8Array(outputPieceBytes)
  let filled = 0
  for (let index = 0; index < count; index++) {
    const byte = position & 0xff
    position = links[position >>> 8] ?? 0
    let copies = 1
    let value = byte
    if (run === 4) {
      copies = byte
      value = previous
      run = 0
      previous = -1
    } else if (byte === previous) {
      run++
    } else {
      run = 1
      previous = byte
    }
    for (let copy = 0; copy < copies; copy++) {
      checksum = (checksum << 8) ^ (checksumTable[((checksum >>> 24) ^ value) & 0xff] ?? 0)
      output[filled++] = value
      if (filled === outputPieceBytes) {
        yield output
        output = new Uint8Array(outputPieceBytes)
        filled = 0
      }
    }
  }
  if (~checksum >>> 0 !== expectedChecksum) throw corrupt('the checksum of a block is wrong')
  if (filled > 0) yield output.subarray(0, filled)
}

/** CRC-32 with the most significant bit first, polynomial 0x04c11db7. */
const checksumTable = Int32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value < 0 ? 0x04c11db7 : 0)
  return value
})
