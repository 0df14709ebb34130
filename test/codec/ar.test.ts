import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import { type ArContent, type ArHeader, readAr, writeAr } from '../../src/codec/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { collect, inChunks } from '../support/chunks.ts'

async function members(bytes: Uint8Array, chunkBytes?: number): Promise<(ArHeader & { readonly content: string })[]> {
  const found: (ArHeader & { readonly content: string })[] = []
  for await (const { body, ...header } of readAr(inChunks(bytes, chunkBytes), { name: 'test.ar' }))
    found.push({ ...header, content: (await collect(body)).toString('latin1') })
  return found
}
const header = (fields: Partial<Record<'name' | 'time' | 'owner' | 'group' | 'mode' | 'size' | 'end', string>>) =>
  [
    (fields.name ?? 'a').padEnd(16),
    (fields.time ?? '0').padEnd(12),
    (fields.owner ?? '0').padEnd(6),
    (fields.group ?? '0').padEnd(6),
    (fields.mode ?? '100644').padEnd(8),
    (fields.size ?? '0').padEnd(10),
    fields.end ?? '`\n',
  ].join('')
const archive = (text: string) => Buffer.from(`!<arch>\n${text}`, 'latin1')

describe('an ar archive', () => {
  it('is written as dpkg-deb writes it', () => {
    const bytes = writeAr([{ name: 'debian-binary', content: Buffer.from('2.0'), modifiedSeconds: 1700000000 }])
    const expected = '!<arch>\ndebian-binary   1700000000  0     0     100644  3         `\n2.0\n'
    assert.equal(Buffer.from(bytes).toString(), expected)
  })

  it('gives what it holds, in chunks of any size', async () => {
    const bytes = archive(`${header({ name: 'one/', time: '7', owner: '1', group: '2', size: '3' })}abc\n${header({})}`)
    for (const chunkBytes of [1, 2, 61, 65536]) {
      assert.deepEqual(await members(bytes, chunkBytes), [
        { name: 'one', modifiedSeconds: 7, userId: 1, groupId: 2, mode: 0o100644, sizeBytes: 3, content: 'abc' },
        { name: 'a', modifiedSeconds: 0, userId: 0, groupId: 0, mode: 0o100644, sizeBytes: 0, content: '' },
      ])
    }
  })

  it('may be empty', async () => {
    assert.deepEqual(await members(archive('')), [])
  })

  it('skips what nobody reads', async () => {
    const bytes = writeAr([
      { name: 'a', content: Buffer.alloc(100_001) },
      { name: 'b', content: Buffer.from('b') },
    ])
    const names: string[] = []
    for await (const member of readAr(inChunks(bytes, 1000), { name: 'test.ar' })) {
      names.push(member.name)
      for await (const _piece of member.body) break
    }
    assert.deepEqual(names, ['a', 'b'])
  })

  const lenient = [
    ['the byte that pads a member may be anything', `${header({ size: '1' })}x\0${header({ name: 'b' })}`, ['a', 'b']],
    ['the last member may lack its padding', `${header({ size: '1' })}x`, ['a']],
    ['owner, group, time and mode may be blank', header({ time: '', owner: '', group: '', mode: '' }), ['a']],
    ["System V's table of long names is a member like others", header({ name: '//' }), ['//']],
  ] as const
  for (const [why, text, names] of lenient) {
    test(why, async () => {
      assert.deepEqual(
        (await members(archive(text))).map(each => each.name),
        names,
      )
    })
  }

  const malformed = [
    ['nothing at all', Buffer.from('')],
    ['another magic', Buffer.from('!<thin>\nxxxx')],
    ['half a header', archive(header({}).slice(0, 30))],
    ['a header without its end', archive(header({ end: 'xx' }))],
    ['no name', archive(header({ name: '' }))],
    ['a name with a control character', archive(header({ name: 'a\nb' }))],
    ['a size that is no number', archive(header({ size: '0x10' }))],
    ['a negative size', archive(header({ size: '-1' }))],
    ['no size', archive(header({ size: '' }))],
    ['a mode that is not octal', archive(header({ mode: '100844' }))],
    ['a time with blanks inside', archive(header({ time: '1 2' }))],
    ['less content than the size says', archive(`${header({ size: '9999999999' })}abc`)],
  ] as const
  for (const [why, bytes] of malformed) {
    test(`is refused: ${why}`, async () => {
      await assert.rejects(
        members(bytes),
        (error: unknown) => isFault(error, 'AR_MALFORMED') && !/\n/.test(error.message),
      )
    })
  }

  it('is not written with names or numbers that its header cannot hold', () => {
    const content = Buffer.from('')
    for (const name of ['', 'sixteen-bytes-xx', 'a b', 'a/b', 'ä'])
      assert.throws(() => writeAr([{ name, content }]), RangeError)
    assert.throws(() => writeAr([{ name: 'a', content, modifiedSeconds: 1e13 }]), RangeError)
  })
})

describe('laws', () => {
  const content = fc.record({
    name: fc.stringMatching(/^[a-z_][a-z.-]{0,14}$/),
    content: fc.uint8Array({ maxLength: 40 }),
    modifiedSeconds: fc.integer({ min: 0, max: 2 ** 32 }),
    mode: fc.integer({ min: 0, max: 0o177777 }),
  })
  const archives = fc.array(content, { maxLength: 4 })

  it('what is written is read back', async () => {
    await fc.assert(
      fc.asyncProperty(archives, fc.integer({ min: 1, max: 100 }), async (written, chunkBytes) => {
        const found = await members(writeAr(written as ArContent[]), chunkBytes)
        assert.deepEqual(
          found.map(({ name, content: text, modifiedSeconds, mode }) => ({ name, text, modifiedSeconds, mode })),
          written.map(({ content: bytes, ...rest }) => ({ ...rest, text: Buffer.from(bytes).toString('latin1') })),
        )
      }),
      { seed: 81 },
    )
  })

  it('a cut or changed archive is refused or read, never more', async () => {
    const bytes = Buffer.from(
      writeAr([
        { name: 'a', content: Buffer.from('abc') },
        { name: 'b', content: Buffer.from('d') },
      ]),
    )
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      for (const hostile of [flipped, bytes.subarray(0, at)]) {
        const outcome = await members(hostile).catch((error: unknown) => error)
        assert.ok(Array.isArray(outcome) || isFault(outcome, 'AR_MALFORMED'), String(outcome))
      }
    }
  })
})
