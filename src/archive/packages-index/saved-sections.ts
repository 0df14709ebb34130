import type { NameTable } from './name-table.ts'
import type { PackagesTable } from './packages-table.ts'
import type { Postings } from './postings.ts'

type Section = Uint8Array | Uint16Array | Uint32Array

/** The flat arrays of a table, in the order in which they are saved. A change here is a new layout version. */
export function sectionsOf(table: PackagesTable): readonly Section[] {
  return [
    table.stanzaStarts,
    table.stanzaEnds,
    table.architectureOfRow,
    table.architectures.bytes,
    table.architectures.offsets,
    table.versions.bytes,
    table.versions.offsets,
    ...postingsSections(table.packages),
    ...postingsSections(table.providers),
    ...postingsSections(table.priorities),
    table.essential,
    table.nameOfRow,
    table.fields.offsets,
    table.fields.entries,
    table.fields.texts.bytes,
    table.fields.texts.offsets,
    table.fields.digests,
  ]
}

function postingsSections({ names, slots, offsets, rows }: Postings): readonly Section[] {
  return [names.bytes, names.offsets, slots, offsets, rows]
}

/** Hands out the sections of saved bytes one after the other, as views without copying. */
export class SectionReader {
  readonly #bytes: Uint8Array
  readonly #lengths: readonly number[]
  #next = 0
  #offset = 0

  /**
   * @param bytes begins at a multiple of 8 in its buffer
   * @param lengths in bytes, of each section in order
   */
  constructor(bytes: Uint8Array, lengths: readonly number[]) {
    this.#bytes = bytes
    this.#lengths = lengths
  }

  readTable(): PackagesTable {
    // An object literal is evaluated in the order it is written, which is that of `sectionsOf`.
    return {
      stanzaStarts: this.#words(),
      stanzaEnds: this.#words(),
      architectureOfRow: this.#halfWords(),
      architectures: this.#names(),
      versions: this.#names(),
      packages: this.#postings(),
      providers: this.#postings(),
      priorities: this.#postings(),
      essential: this.#words(),
      nameOfRow: this.#words(),
      fields: { offsets: this.#words(), entries: this.#words(), texts: this.#names(), digests: this.readBytes() },
    }
  }

  /** The next section as it is. */
  readBytes(): Uint8Array {
    const length = this.#lengths[this.#next++] ?? 0
    const section = this.#bytes.subarray(this.#offset, this.#offset + length)
    this.#offset += paddedLength(length)
    return section
  }

  #postings(): Postings {
    return { names: this.#names(), slots: this.#words(), offsets: this.#words(), rows: this.#words() }
  }

  #names(): NameTable {
    const { buffer, byteOffset, byteLength } = this.readBytes()
    // A Buffer, so that `nameAt` need not make one for each name.
    return { bytes: Buffer.from(buffer, byteOffset, byteLength), offsets: this.#words() }
  }

  #words(): Uint32Array {
    const section = this.readBytes()
    return new Uint32Array(section.buffer, section.byteOffset, section.byteLength / 4)
  }

  #halfWords(): Uint16Array {
    const section = this.readBytes()
    return new Uint16Array(section.buffer, section.byteOffset, section.byteLength / 2)
  }
}

/** Sections begin at multiples of 8, so that arrays of words can be views of them. */
export function paddedLength(length: number): number {
  return Math.ceil(length / 8) * 8
}
