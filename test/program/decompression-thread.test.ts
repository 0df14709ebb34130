import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { beginDecompression } from '../../src/archive/decompression-thread.ts'
import { type CompressionKind, decompressBytes, gatherBytes } from '../../src/codec/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { scratchFolder } from '../support/scratch.ts'

const script = join(process.cwd(), 'dist/workers/decompress.js')
const limits = { name: 'Packages.xz', maximumBytes: 10_000_000 }

/** A copy: it goes over to the thread. */
function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(process.cwd(), 'fixtures/codec', name)))
}

async function inThread(bytes: Uint8Array, kind: CompressionKind = 'xz', maximumBytes = limits.maximumBytes) {
  const thread = beginDecompression(script)
  try {
    const pieces = thread.decompress({ kind, bytes, limits: { ...limits, maximumBytes } })
    return await gatherBytes(pieces, { expectedBytes: 1000, maximumBytes })
  } finally {
    await thread.close()
  }
}

describe('a thread that decompresses', () => {
  for (const kind of ['xz', 'bz2', 'lzma'] as const)
    it(`gives what this thread gives: ${kind}, longer than all its buffers together`, async () => {
      const name = `long.${kind}`
      const here = await decompressBytes(kind, fixture(name), limits)
      assert.ok(here.length > 1_500_000)
      assert.ok(Buffer.from(await inThread(fixture(name), kind)).equals(here))
    })

  const damages: readonly (readonly [what: string, bytes: () => Uint8Array])[] = [
    ['is cut off', () => fixture('long.xz').slice(0, -20)],
    ['has a byte changed', () => fixture('long.xz').map((byte, at) => (at === 400 ? byte ^ 1 : byte))],
    ['goes on after its end', () => Uint8Array.from([...fixture('long.xz'), 1, 2, 3, 4])],
    ['is no xz', () => new Uint8Array(Buffer.from('nonsense nonsense'))],
    ['is empty', () => new Uint8Array(0)],
    ['wants a dictionary of 128 MiB', () => fixture('numbers.dictionary.xz')],
    ['has a check that is not supported', () => fixture('numbers.sha256.xz')],
  ]
  for (const [what, bytes] of damages)
    it(`refuses with the same words what ${what}`, async () => {
      const here = await decompressBytes('xz', bytes(), limits).catch((error: unknown) => error)
      assert.ok(isFault(here))
      const there = await assertFault(inThread(bytes()), here.code, here.message)
      assert.deepEqual([there.hint, there.context], [here.hint, here.context])
    })

  it('stops a bomb at the first byte too many', async () => {
    const { length } = await inThread(fixture('long.xz'))
    assert.equal((await inThread(fixture('long.xz'), 'xz', length)).length, length)
    await assertFault(inThread(fixture('long.xz'), 'xz', length - 1), 'COMPRESSION_LIMIT')
  })

  it('ends when nobody wants more, and when it never had anything to do', async () => {
    const thread = beginDecompression(script)
    const pieces = thread.decompress({ kind: 'xz', bytes: fixture('long.xz'), limits })
    assert.equal((await pieces.next()).done, false)
    await pieces.return(undefined)
    await thread.close()
    await beginDecompression(script).close()
  })

  it('says when it dies, also when that was before anybody asked', async () => {
    const dying = join(await scratchFolder(), 'dying.mjs')
    await writeFile(dying, 'process.exit(3)')
    const thread = beginDecompression(dying)
    const pieces = thread.decompress({ kind: 'xz', bytes: fixture('long.xz'), limits })
    await assertFault(gatherBytes(pieces, { expectedBytes: 1, maximumBytes: 10 }), 'INTERNAL', 'ended too early')
    await thread.close()
  })
})
