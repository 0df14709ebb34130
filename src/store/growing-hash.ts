import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

/** How far a file has grown, for a thread that reads it meanwhile. */
export interface Growth {
  /** Bytes that are there; below zero it grows no more, see `wholeOf`. In shared memory. */
  readonly size: BigInt64Array
}

/** Its length is said by what cannot be one of a file that grows. */
const wholeOf = (sizeBytes: bigint) => -1n - sizeBytes
const abandoned = -(2n ** 62n)

export function beginGrowth(): Growth {
  return { size: new BigInt64Array(new SharedArrayBuffer(8)) }
}

export function sayGrown(growth: Growth, sizeBytes: number): void {
  say(growth, BigInt(sizeBytes))
}

export function sayWhole(growth: Growth, sizeBytes: number): void {
  say(growth, wholeOf(BigInt(sizeBytes)))
}

/** Nobody wants the digest any more. */
export function sayAbandoned(growth: Growth): void {
  say(growth, abandoned)
}

function say({ size }: Growth, value: bigint): void {
  Atomics.store(size, 0, value)
  Atomics.notify(size, 0)
}

const pieceBytes = 256 * 1024

/**
 * The sha256 of a file, read while another thread writes it: waits for what is not there yet, and blocks its thread for that.
 *
 * @returns undefined when nobody wants it any more, or the file is shorter than was said
 */
export function hashGrowingFile(path: string, { size }: Growth): string | undefined {
  const file = openSync(path, 'r')
  try {
    const piece = Buffer.allocUnsafeSlow(pieceBytes)
    const hash = createHash('sha256')
    let done = 0
    for (;;) {
      const said = Atomics.load(size, 0)
      if (said === abandoned) return undefined
      const isWhole = said < 0n
      const there = Number(isWhole ? wholeOf(said) : said)
      if (done === there && isWhole) return hash.digest('hex')
      if (done === there) Atomics.wait(size, 0, said)
      else {
        const count = readSync(file, piece, 0, Math.min(piece.length, there - done), done)
        if (count === 0) return undefined
        hash.update(piece.subarray(0, count))
        done += count
      }
    }
  } finally {
    closeSync(file)
  }
}
