import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import {
  type CompressionKind,
  compressGzip,
  compressGzipBytes,
  compressionOfName,
  decompress,
  decompressBytes,
  detectCompression,
} from '../../src/codec/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { collect, inChunks } from '../support/chunks.ts'

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../fixtures/codec', name))
const lines = (count: number) => Array.from({ length: count }, (_, index) => `${index + 1}\n`).join('')
const numbers = Buffer.from(lines(200))
const long = Buffer.from(lines(20_000) + 'a'.repeat(1_500_000) + lines(3_000))
const limits = { name: 'numbers', maximumBytes: 10_000_000 }
const kinds = ['gz', 'xz', 'zst', 'bz2', 'lzma'] as const
const streams = ['gz', 'xz', 'zst', 'bz2'] as const

const decode = (kind: CompressionKind, bytes: Uint8Array, chunkBytes?: number) =>
  collect(decompress(kind, inChunks(bytes, chunkBytes), limits))
const isDamaged = (error: unknown) => isFault(error, 'COMPRESSION_CORRUPT')
const isUnsupported = (error: unknown) => isFault(error, 'COMPRESSION_UNSUPPORTED')

describe('what the real tools compressed', () => {
  for (const kind of kinds) {
    it(`is read back from ${kind}`, async () => {
      assert.deepEqual(await decode(kind, fixture(`numbers.${kind}`)), numbers)
    })

    it(`is read back from ${kind} that arrives byte by byte`, async () => {
      assert.deepEqual(await decode(kind, fixture(`numbers.${kind}`), 1), numbers)
    })

    it(`is detected as ${kind} by its first bytes`, () => {
      assert.equal(detectCompression(fixture(`numbers.${kind}`).subarray(0, 13)), kind)
    })
  }

  for (const kind of ['xz', 'zst', 'bz2', 'lzma'] as const) {
    for (const chunkBytes of [997, 65536]) {
      it(`is read back from ${kind} over several blocks, in chunks of ${chunkBytes}`, async () => {
        assert.ok((await decode(kind, fixture(`long.${kind}`), chunkBytes)).equals(long))
      })
    }
    it(`is read back from ${kind} into one array`, async () => {
      for (const expectedBytes of [undefined, 1, long.length, 20_000_000]) {
        const known = expectedBytes === undefined ? {} : { expectedBytes }
        const whole = await decompressBytes(kind, fixture(`long.${kind}`), { ...limits, ...known })
        assert.ok(Buffer.from(whole).equals(long))
      }
    })
  }

  for (const name of ['numbers.crc32.xz', 'numbers.none.xz', 'numbers.nocheck.zst']) {
    it(`is read back from ${name}`, async () => {
      assert.deepEqual(await decode(compressionOfName(name), fixture(name)), numbers)
    })
  }

  it('passes through as none', async () => {
    assert.deepEqual(await decode('none', numbers), numbers)
    assert.equal(detectCompression(numbers), 'none')
    assert.equal(detectCompression(new Uint8Array(0)), 'none')
  })
})

describe('streams one after the other', () => {
  for (const kind of streams) {
    for (const chunkBytes of [1, 65536]) {
      it(`give their contents one after the other in ${kind}, in chunks of ${chunkBytes}`, async () => {
        const twice = Buffer.concat([fixture(`numbers.${kind}`), fixture(`numbers.${kind}`)])
        assert.deepEqual(await decode(kind, twice, chunkBytes), Buffer.concat([numbers, numbers]))
      })
    }
  }

  it('may have stream padding between them in xz', async () => {
    const padded = Buffer.concat([fixture('numbers.xz'), Buffer.alloc(8), fixture('numbers.xz'), Buffer.alloc(4)])
    assert.deepEqual(await decode('xz', padded), Buffer.concat([numbers, numbers]))
    await assert.rejects(decode('xz', Buffer.concat([fixture('numbers.xz'), Buffer.alloc(3)])), isDamaged)
  })

  it('may have skippable frames between them in zstd', async () => {
    const skippable = Buffer.from('502a4d1803000000616263', 'hex')
    const empty = Buffer.from('5f2a4d1800000000', 'hex')
    const frames = Buffer.concat([skippable, fixture('numbers.zst'), empty, skippable])
    for (const chunkBytes of [1, 7, 65536]) assert.deepEqual(await decode('zst', frames, chunkBytes), numbers)
  })

  it('can be two decoders of xz side by side, one of them abandoned', async () => {
    const first = decompress('xz', inChunks(fixture('long.xz'), 100), limits)
    const abandoned = decompress('xz', inChunks(fixture('long.xz'), 100), limits)
    await first.next()
    await abandoned.next()
    assert.deepEqual(await decode('xz', fixture('numbers.xz')), numbers)
    await abandoned.return(undefined)
    const rest = await collect(first)
    assert.ok(long.subarray(long.length - rest.length).equals(rest))
  })
})

describe('damaged data', () => {
  for (const kind of kinds) {
    it(`is refused when ${kind} is cut off anywhere`, async () => {
      const bytes = fixture(`numbers.${kind}`)
      for (let length = 0; length < bytes.length; length++) {
        await assert.rejects(decode(kind, bytes.subarray(0, length)), isDamaged, `${length} of ${bytes.length} bytes`)
      }
    })

    it(`is refused when something follows the end of ${kind}`, async () => {
      const bytes = Buffer.concat([fixture(`numbers.${kind}`), Buffer.from('trailing garbage')])
      for (const chunkBytes of [1, fixture(`numbers.${kind}`).length, 65536])
        await assert.rejects(decode(kind, bytes, chunkBytes), isDamaged, `chunks of ${chunkBytes}`)
    })

    it(`is refused as ${kind} when it is something else`, async () => {
      for (const text of ['', 'x', 'Package: bash\nVersion: 5.2.15-2+b2\nArchitecture: amd64\n'])
        await assert.rejects(decode(kind, Buffer.from(text)), isDamaged, JSON.stringify(text))
    })
  }

  // The checksums of zstd frames are only verified by Node's own zstd; .lzma has none.
  const verified = ['gz', 'xz', 'bz2'] as const
  for (const kind of kinds) {
    const outcome = verified.some(each => each === kind) ? 'ends in a fault or in the same content' : 'never crashes'
    it(`with one bit flipped in ${kind} ${outcome}`, async () => {
      const bytes = fixture(`numbers.${kind}`)
      for (let at = 0; at < bytes.length; at++) {
        const flipped = Buffer.from(bytes)
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
        const decoded = await decode(kind, flipped).catch((error: unknown) => error)
        if (decoded instanceof Error)
          assert.ok(
            isDamaged(decoded) || isUnsupported(decoded) || isFault(decoded, 'COMPRESSION_LIMIT'),
            String(decoded),
          )
        else if (outcome.startsWith('ends')) assert.deepEqual(decoded, numbers, `byte ${at}`)
      }
    })
  }

  it('of any kind ends in a fault or in bytes', async () => {
    const start = fc.constantFrom(...kinds.map(kind => fixture(`numbers.${kind}`)))
    const hostile = fc.tuple(start, fc.nat(40), fc.uint8Array({ maxLength: 300 }))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), hostile, async (kind, [bytes, kept, noise]) => {
        const decoded = await decode(kind, Buffer.concat([bytes.subarray(0, kept), noise])).catch(
          (error: unknown) => error,
        )
        assert.ok(decoded instanceof Uint8Array || isFault(decoded), String(decoded))
      }),
      { seed: 71, numRuns: 400 },
    )
  })

  it('names the data and shows no more than one line', async () => {
    await assert.rejects(
      collect(decompress('xz', inChunks(Buffer.from('nonsense nonsense')), { ...limits, name: 'hello.deb: data.tar' })),
      {
        code: 'COMPRESSION_CORRUPT',
        message: 'hello.deb: data.tar is not sound xz data: it is no xz stream',
      },
    )
  })
})

describe('a decompression bomb', () => {
  for (const kind of kinds) {
    it(`is stopped in ${kind} at the first byte too many`, async () => {
      const bytes = kind === 'gz' ? gzipSync(long) : fixture(`long.${kind}`)
      const bounded = (maximumBytes: number) => decompress(kind, inChunks(bytes), { name: 'bomb', maximumBytes })
      assert.equal((await collect(bounded(long.length))).length, long.length)
      await assert.rejects(collect(bounded(long.length - 1)), { code: 'COMPRESSION_LIMIT' })
      await assert.rejects(decompressBytes(kind, bytes, { name: 'bomb', maximumBytes: 1000 }), {
        code: 'COMPRESSION_LIMIT',
      })
    })
  }

  const greedy = ['numbers.dictionary.xz', 'numbers.dictionary.lzma'] as const
  for (const name of greedy) {
    test(`in memory is refused: ${name} wants 128 MiB`, async () => {
      await assert.rejects(decode(compressionOfName(name), fixture(name)), isUnsupported)
    })
  }

  for (const name of ['numbers.sha256.xz', 'numbers.x86.xz'] as const) {
    test(`is not what ${name} is, but it is not supported either`, async () => {
      await assert.rejects(decode('xz', fixture(name)), isUnsupported)
    })
  }

  it('made of very many frames does not overflow the stack', async () => {
    const frame = fixture('numbers.zst')
    const many = await decode('zst', Buffer.concat(Array.from({ length: 5000 }, () => frame)))
    assert.equal(many.length, 5000 * numbers.length)
  })
})

describe('the source of a stream', () => {
  it('is closed when the reader stops early', async () => {
    for (const kind of kinds) {
      let closed = false
      const bytes = kind === 'gz' ? gzipSync(long) : fixture(`long.${kind}`)
      const source = (async function* () {
        try {
          for (;;) yield bytes
        } finally {
          closed = true
        }
      })()
      for await (const _piece of decompress(kind, source, limits)) break
      assert.ok(closed, kind)
    }
  })

  it('keeps its own error', async () => {
    for (const kind of [...kinds, 'none'] as const) {
      const source = (async function* () {
        yield (kind === 'none' ? numbers : fixture(`numbers.${kind}`)).subarray(0, 100)
        throw new RangeError('the connection broke')
      })()
      await assert.rejects(collect(decompress(kind, source, limits)), new RangeError('the connection broke'), kind)
    }
  })
})

describe('the kind of a file', () => {
  const endings = [
    ['Packages', 'none'],
    ['Packages.gz', 'gz'],
    ['data.tar.zst', 'zst'],
    ['data.tar.lzma', 'lzma'],
    ['Packages.bz2', 'bz2'],
    ['Packages.xz', 'xz'],
    ['Packages.xz.asc', 'none'],
    ['xz', 'none'],
  ] as const
  for (const [name, kind] of endings) test(`${name} is ${kind}`, () => assert.equal(compressionOfName(name), kind))

  it('is not lzma because text begins with a bracket', () => {
    assert.equal(detectCompression(Buffer.from(']\0\0 some text after it')), 'none')
    assert.equal(detectCompression(deflateSync(numbers)), 'none')
  })
})

describe('gzip as we write it', () => {
  it('reads back, in one piece or many', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 900 }), async (bytes, chunk) => {
        const streamed = await collect(compressGzip(inChunks(bytes, chunk)))
        assert.deepEqual(await decode('gz', streamed), Buffer.from(bytes))
      }),
      { seed: 72, numRuns: 50 },
    )
  })

  it('has neither time nor name nor the compiling system in its header', () => {
    assert.equal(Buffer.from(compressGzipBytes(numbers)).subarray(0, 10).toString('hex'), '1f8b0800000000000003')
  })

  it('gives the same bytes whole and streamed, and fewer at a higher level', async () => {
    const whole = compressGzipBytes(long, { level: 9 })
    assert.deepEqual(await collect(compressGzip(inChunks(long), { level: 9 })), Buffer.from(whole))
    assert.ok(whole.length < compressGzipBytes(long, { level: 1 }).length)
  })
})
