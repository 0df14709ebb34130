import type { BitReader } from './bit-reader.ts'
import { corrupt, unsupported } from './byte-decoder.ts'

/** A block after Huffman, move-to-front and run decoding, its rotation sorted out but not yet walked. */
export interface Bzip2Block {
  /** For each position: the byte in the low 8 bits, the index of the next in the others. */
  readonly links: Uint32Array
  readonly count: number
  readonly origin: number
}

const longestCode = 20
const symbolsPerSelector = 50

interface CodeTable {
  readonly shortest: number
  /** Per length: the first value of `longestCode` bits that belongs to a longer code. */
  readonly limits: Int32Array
  /** Per length: what to subtract from a code to index `symbols`. */
  readonly bases: Int32Array
  readonly symbols: Uint16Array
}

/** @throws {CompressionProblem} a structure that no encoder writes; every loop is bounded by the size of a block */
export function decodeBzip2Block(bits: BitReader, blockBytes: number): Bzip2Block {
  if (bits.read(1) === 1) throw unsupported('it has a randomised block')
  const origin = bits.read(24)
  const alphabet = readAlphabet(bits)
  const tableCount = bits.read(3)
  if (tableCount < 2 || tableCount > 6) throw corrupt(`a block has ${tableCount} code tables`)
  const selectors = readSelectors(bits, tableCount)
  const symbolCount = alphabet.length + 2
  const tables = Array.from({ length: tableCount }, () => readTable(bits, symbolCount))
  // What was read so far must be there, or zeros beyond the end would be decoded as a block.
  bits.refuseOverrun()

  const links = new Uint32Array(blockBytes)
  const counts = new Uint32Array(257)
  const count = decodeSymbols(bits, { alphabet, selectors, tables, links, counts })
  bits.refuseOverrun()
  if (origin >= count) throw corrupt('a block begins outside itself')

  for (let byte = 1, sum = 0, earlier = counts[0] ?? 0; byte <= 256; byte++) {
    sum += earlier
    earlier = counts[byte] ?? 0
    counts[byte] = sum
  }
  counts[0] = 0
  for (let index = 0; index < count; index++) {
    const byte = (links[index] ?? 0) & 0xff
    const target = counts[byte] ?? 0
    counts[byte] = target + 1
    links[target] = (links[target] ?? 0) | (index << 8)
  }
  return { links, count, origin }
}

function readAlphabet(bits: BitReader): Uint8Array {
  const groups = bits.read(16)
  const alphabet: number[] = []
  for (let group = 0; group < 16; group++) {
    if ((groups & (0x8000 >> group)) === 0) continue
    const members = bits.read(16)
    for (let member = 0; member < 16; member++)
      if ((members & (0x8000 >> member)) !== 0) alphabet.push(group * 16 + member)
  }
  if (alphabet.length === 0) throw corrupt('a block uses no byte')
  return Uint8Array.from(alphabet)
}

function readSelectors(bits: BitReader, tableCount: number): Uint8Array {
  const count = bits.read(15)
  if (count === 0) throw corrupt('a block has no selectors')
  const order = Array.from({ length: tableCount }, (_, index) => index)
  const selectors = new Uint8Array(count)
  for (let index = 0; index < count; index++) {
    let place = 0
    while (bits.read(1) === 1) if (++place >= tableCount) throw corrupt('a selector names no table')
    const [table = 0] = order.splice(place, 1)
    order.unshift(table)
    selectors[index] = table
  }
  return selectors
}

function readTable(bits: BitReader, symbolCount: number): CodeTable {
  const lengths = new Uint8Array(symbolCount)
  let length = bits.read(5)
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    for (;;) {
      if (length < 1 || length > longestCode) throw corrupt(`a code has ${length} bits`)
      if (bits.read(1) === 0) break
      length += bits.read(1) === 0 ? 1 : -1
    }
    lengths[symbol] = length
  }
  return buildTable(lengths)
}

function buildTable(lengths: Uint8Array): CodeTable {
  const limits = new Int32Array(longestCode + 2)
  const bases = new Int32Array(longestCode + 2)
  const symbols = new Uint16Array(lengths.length)
  let code = 0
  let placed = 0
  for (let length = 1; length <= longestCode; length++) {
    bases[length] = code - placed
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue
      symbols[placed++] = symbol
      code++
    }
    limits[length] = code << (longestCode - length)
    code <<= 1
  }
  return { shortest: Math.min(...lengths), limits, bases, symbols }
}

interface SymbolStage {
  readonly alphabet: Uint8Array
  readonly selectors: Uint8Array
  readonly tables: readonly CodeTable[]
  readonly links: Uint32Array
  readonly counts: Uint32Array
}

/** @returns how many bytes the block holds */
function decodeSymbols(bits: BitReader, { alphabet, selectors, tables, links, counts }: SymbolStage): number {
  const order = Uint8Array.from(alphabet)
  const endSymbol = alphabet.length + 1
  let count = 0
  let runLength = 0
  let runWeight = 1
  for (const selector of selectors) {
    const table = tables[selector]
    if (table === undefined) throw corrupt('a selector names no table')
    for (let left = symbolsPerSelector; left > 0; left--) {
      const symbol = decodeSymbol(bits, table)
      if (symbol <= 1) {
        // Digits 1 and 2 of a number in base two, lowest first.
        runLength += runWeight << symbol
        runWeight <<= 1
        if (runLength > links.length) throw corrupt('a block holds more than it may')
        continue
      }
      if (runLength > 0) {
        const byte = order[0] ?? 0
        if (count + runLength > links.length) throw corrupt('a block holds more than it may')
        links.fill(byte, count, count + runLength)
        counts[byte] = (counts[byte] ?? 0) + runLength
        count += runLength
        runLength = 0
        runWeight = 1
      }
      if (symbol === endSymbol) return count
      if (count >= links.length) throw corrupt('a block holds more than it may')
      const place = symbol - 1
      const byte = order[place] ?? 0
      order.copyWithin(1, 0, place)
      order[0] = byte
      counts[byte] = (counts[byte] ?? 0) + 1
      links[count++] = byte
    }
  }
  throw corrupt('a block does not end')
}

function decodeSymbol(bits: BitReader, table: CodeTable): number {
  const window = bits.peek(longestCode)
  let length = table.shortest
  while (window >= (table.limits[length] ?? 0)) if (++length > longestCode) throw corrupt('a code means nothing')
  bits.skip(length)
  const symbol = table.symbols[(window >>> (longestCode - length)) - (table.bases[length] ?? 0)]
  if (symbol === undefined) throw corrupt('a code means nothing')
  return symbol
}
