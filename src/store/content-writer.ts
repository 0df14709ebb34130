import { writeSync } from 'node:fs'
import type { ContentSource, FileContent } from '../tree/index.ts'

/** Larger contents come in pieces. */
const passingBytes = 1024 * 1024

/** Writes contents into open files, one after the other: most are small, and pass through one buffer without a promise for each. */
export class ContentWriter {
  readonly #passing = Buffer.allocUnsafeSlow(passingBytes)

  /** @throws whatever the source and the file system say */
  async write(file: number, content: FileContent, source: ContentSource): Promise<void> {
    const passing = this.#passing.subarray(0, content.sizeBytes)
    if (passing.length === content.sizeBytes && source.readNow?.(content, passing) === 'read') writeWhole(file, passing)
    else for await (const bytes of source.read(content)) writeWhole(file, bytes)
  }
}

export function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}
