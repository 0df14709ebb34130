import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { createZstdDecoder, nativeZstd } from '../../src/codec/zstd.ts'
import { collect, inChunks } from '../support/chunks.ts'

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../fixtures/codec', name))
const numbers = fixture('numbers.txt')

/** The decoder for Node without zstd of its own, whichever Node runs this. */
function decode(bytes: Uint8Array, chunkBytes = 65536): Buffer {
  const decoder = createZstdDecoder()
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes)
    pieces.push(...decoder.push(bytes.subarray(at, at + chunkBytes)))
  return Buffer.concat([...pieces, ...decoder.finish()])
}

describe('the zstd decoder for Node without its own', () => {
  it('reads what zstd(1) wrote, in chunks of any size', () => {
    for (const chunkBytes of [1, 3, 100, 65536]) {
      assert.deepEqual(decode(fixture('numbers.zst'), chunkBytes), numbers)
      assert.deepEqual(decode(fixture('numbers.nocheck.zst'), chunkBytes), numbers)
    }
  })

  it('reads many frames without overflowing the stack', () => {
    const frames = Buffer.concat(Array.from({ length: 5000 }, () => fixture('numbers.nocheck.zst')))
    assert.equal(decode(frames).length, 5000 * numbers.length)
  })

  it('refuses a window that it would have to move for every block, and names the way out', () => {
    assert.throws(() => decode(fixture('numbers.window.zst')), {
      kind: 'unsupported',
      message: /a window of 134217728 bytes, more than 8388608 \(Node 22\.15/,
    })
  })

  it('refuses very many empty blocks before they burn hours', () => {
    const header = Buffer.from('28b52ffd0068', 'hex')
    assert.throws(() => decode(Buffer.concat([header, Buffer.alloc(3 * 100_000)])), { kind: 'unsupported' })
  })

  it('refuses a dictionary, a reserved bit and a malformed block', () => {
    assert.throws(() => decode(Buffer.from('28b52ffd0168070000', 'hex')), {
      kind: 'unsupported',
      message: /dictionary/,
    })
    assert.throws(() => decode(Buffer.from('28b52ffd086800', 'hex')), { kind: 'corrupt' })
    assert.throws(() => decode(Buffer.from('28b52ffd0068070000', 'hex')), { kind: 'corrupt', message: /block/ })
  })
})

describe('the zstd of Node itself', () => {
  it.skipIf(nativeZstd === undefined)('reads windows up to 128 MiB, and verifies checksums', async () => {
    const read = (bytes: Uint8Array) => collect(nativeZstd!(inChunks(bytes, 100)))
    assert.deepEqual(await read(fixture('numbers.window.zst')), numbers)
    const wrong = Buffer.from(fixture('numbers.zst'))
    wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1
    await assert.rejects(read(wrong), { kind: 'corrupt' })
  })
})
