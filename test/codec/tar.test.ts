import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import {
  byteStringOf,
  formatTarHeader,
  readTar,
  type TarContent,
  type TarEntry,
  TarParser,
  writeTar,
} from '../../src/codec/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { collect, inChunks } from '../support/chunks.ts'
import { endOfTar, gnuLongName, patchHeader, rawMember, tarEntry, tarFile, writeGnuTar } from '../support/tar-bytes.ts'

const options = { name: 'test.tar', paxHeaders: 'read' } as const

async function read(bytes: Uint8Array, chunkBytes?: number): Promise<TarContent[]> {
  const found: TarContent[] = []
  for await (const { entry, body } of readTar(inChunks(bytes, chunkBytes), options))
    found.push({ entry, content: await collect(body) })
  return found
}
const only = async (bytes: Uint8Array): Promise<TarEntry> => {
  const [first, ...others] = await read(bytes)
  assert.deepEqual(others, [])
  return first!.entry
}
const archive = (...parts: readonly Uint8Array[]) => Buffer.concat([...parts, endOfTar])
const header = (patches: Readonly<Record<number, string>> = {}) =>
  patchHeader(formatTarHeader(tarFile('./name').entry), patches)
const pax = (...records: readonly string[]) =>
  rawMember('x', 'PaxHeaders/x', Buffer.from(records.map(paxRecord).join(''), 'latin1'))
const paxRecord = (text: string) => {
  for (let length = text.length + 2; ; length++) {
    const record = `${length} ${text}\n`
    if (record.length === length) return record
  }
}

describe('a tar archive', () => {
  const everything: readonly TarContent[] = [
    tarEntry({ kind: 'directory', path: './', mode: 0o1777 }),
    tarFile('./usr/bin/x', 'content', { mode: 0o4755, userId: 33, groupName: 'www-data' }),
    tarFile('./empty'),
    tarFile('./block', 'x'.repeat(512)),
    tarEntry({ kind: 'hard-link', path: './y', target: './usr/bin/x' }),
    tarEntry({ kind: 'symlink', path: './z', target: '../a b' }),
    tarEntry({ kind: 'fifo', path: './fifo' }),
    tarEntry({ kind: 'character-device', path: './null', major: 1, minor: 3, mode: 0o666 }),
    tarEntry({ kind: 'block-device', path: './disk', major: 4095, minor: 1048575 }),
    tarFile('./caf\xc3\xa9 \xff\n', 'odd names are bytes'),
  ]

  it('gives every kind of member back, in chunks of any size', async () => {
    for (const chunkBytes of [1, 7, 512, 513, 65536])
      assert.deepEqual(await read(writeTar(everything), chunkBytes), everything)
  })

  it('skips contents that nobody reads', async () => {
    const paths: string[] = []
    for await (const { entry } of readTar(inChunks(writeTar(everything), 100), options)) paths.push(entry.path)
    assert.deepEqual(
      paths,
      everything.map(each => each.entry.path),
    )
  })

  it('gives contents as views of the chunks, for those who keep count themselves', () => {
    const parser = new TarParser(options)
    const bytes = writeTar([tarFile('a', 'abc')])
    const [entry, content] = parser.push(bytes)
    assert.equal(entry?.kind === 'entry' && entry.entry.path, 'a')
    assert.ok(content?.kind === 'content' && content.bytes.buffer === bytes.buffer)
    parser.finish()
  })
})

describe('the bytes of a header', () => {
  it('are POSIX ustar', () => {
    const block = Buffer.from(formatTarHeader(tarFile('./usr/bin/x', 'abc', { mode: 0o755, userId: 8 }).entry))
    const expected: [number, string][] = [
      [0, './usr/bin/x\0'],
      [100, '0000755\0'],
      [108, '0000010\0'],
      [116, '0000000\0'],
      [124, '00000000003\0'],
      [136, '14524770400\0'],
      [148, '012764\0 '],
      [156, '0'],
      [257, 'ustar\x0000'],
      [265, 'root\0'],
      [297, 'root\0'],
      [329, '0000000\x000000000\0'],
    ]
    assert.equal(block.length, 512)
    for (const [offset, text] of expected)
      assert.equal(block.toString('latin1', offset, offset + text.length), text, `${offset}`)
  })

  it('split a long path at the first slash that leaves a name of at most 100 bytes', () => {
    const path = `${'d/'.repeat(60)}${'n'.repeat(60)}`
    const block = Buffer.from(formatTarHeader(tarFile(path).entry))
    assert.equal(block.length, 512)
    assert.equal(byteStringOf(block.subarray(0, 100)).replace(/\0+$/, ''), path.slice(80))
    assert.equal(byteStringOf(block.subarray(345, 500)).replace(/\0+$/, ''), path.slice(0, 79))
  })

  const needingPax = [
    ['a name of 101 bytes without a slash', tarFile('n'.repeat(101)), ['path']],
    ['a path whose only good slash comes after 155 bytes', tarFile(`${'d'.repeat(156)}/x`), ['path']],
    ['a link target of 101 bytes', tarEntry({ kind: 'symlink', path: 'l', target: 't'.repeat(101) }), ['linkpath']],
    ['a user above 2097151', tarFile('a', '', { userId: 2097152 }), ['uid']],
    ['a group above 2097151', tarFile('a', '', { groupId: 4294967294 }), ['gid']],
    ['a time before 1970', tarFile('a', '', { modifiedSeconds: -1 }), ['mtime']],
    ['a time after 2242', tarFile('a', '', { modifiedSeconds: 8 ** 11 }), ['mtime']],
    ['a user name of 32 bytes', tarFile('a', '', { userName: 'u'.repeat(32) }), ['uname']],
    ['a long path that is not UTF-8', tarFile('\xff'.repeat(120)), ['hdrcharset', 'path']],
    [
      'extended attributes, in byte order',
      tarFile('a', '', {
        extendedAttributes: new Map([
          ['security.capability', Uint8Array.of(1, 0, 10, 255)],
          ['user.b', Uint8Array.of()],
        ]),
      }),
      ['SCHILY.xattr.security.capability', 'SCHILY.xattr.user.b'],
    ],
  ] as const
  for (const [why, member, keywords] of needingPax) {
    test(`are preceded by a pax header for ${why}`, async () => {
      const bytes = Buffer.from(formatTarHeader(member.entry))
      assert.equal(bytes.toString('latin1', 156, 157), 'x')
      assert.ok(bytes.toString('latin1', 0, 11) === 'PaxHeaders/')
      const found = [...bytes.toString('latin1', 512).matchAll(/(?:^|\n)\d+ ([A-Za-z.]+)=/g)].map(match => match[1])
      assert.deepEqual(found, keywords)
      assert.deepEqual(await read(writeTar([member])), [member])
    })
  }

  it('of a file of 8 GiB say so in a pax header', () => {
    const entry = { ...tarFile('a').entry, sizeBytes: 8 ** 11 } as TarEntry
    assert.match(Buffer.from(formatTarHeader(entry)).toString('latin1'), /\n?19 size=8589934592\n/)
    assert.equal(formatTarHeader({ ...entry, sizeBytes: 8 ** 11 - 1 } as TarEntry).length, 512)
  })

  const impossible = [
    ['an empty path', { path: '' }],
    ['NUL in a path', { path: 'a\0b' }],
    ['a path that is not a byte string', { path: '\u20ac'.repeat(101) }],
    ['a file that reads back as a folder', { path: 'a/' }],
    ['a negative owner', { userId: -1 }],
    ['a fraction of a second', { modifiedSeconds: 1.5 }],
    ['more than permission bits', { mode: 0o100644 }],
  ] as const
  for (const [why, changes] of impossible) {
    test(`are not written for ${why}`, () => {
      assert.throws(() => formatTarHeader({ ...tarFile('a').entry, ...changes } as TarEntry), RangeError)
    })
  }
})

describe('dialects', () => {
  it('v7 has no magic, and a folder is what ends with a slash', async () => {
    const v7 = { 257: '\0'.repeat(88) }
    assert.deepEqual(await only(archive(header({ ...v7, 156: '\0' }))), {
      ...tarFile('./name', '', { userName: '', groupName: '' }).entry,
    })
    assert.equal((await only(archive(header({ ...v7, 0: './dir/\0' })))).kind, 'directory')
  })

  it('GNU gives long names and link targets in members of their own', async () => {
    const long = './very/'.repeat(40)
    const members = [
      tarFile(`${long}x`, 'abc'),
      tarEntry({ kind: 'directory', path: long }),
      tarEntry({ kind: 'symlink', path: 'l', target: long }),
      tarFile('short'),
    ]
    assert.deepEqual(await read(writeGnuTar(members), 100), members)
  })

  it('GNU does not use the prefix field, but POSIX does', async () => {
    assert.equal((await only(archive(header({ 345: 'usr/lib' })))).path, 'usr/lib/./name')
    assert.equal((await only(archive(header({ 345: 'usr/lib', 257: 'ustar  \0' })))).path, './name')
  })

  const numbers = [
    ['base 256', { 108: '\x80\0\0\0\x80\0\0\0' }, { userId: 2 ** 31 }],
    ['a negative time in base 256', { 136: `${'\xff'.repeat(11)}\xfe` }, { modifiedSeconds: -2 }],
    ['leading blanks', { 100: '   755 \0' }, { mode: 0o755 }],
    ['an empty field', { 108: '\0'.repeat(8) }, { userId: 0 }],
    ['digits to the end of the field', { 136: '777777777777' }, { modifiedSeconds: 8 ** 12 - 1 }],
    ['a type in the mode, as in v7', { 100: '0100644\0' }, { mode: 0o644 }],
  ] as const
  for (const [why, patches, expected] of numbers) {
    test(`a number may be written with ${why}`, async () => {
      const entry = (await only(archive(header(patches)))) as unknown as Readonly<Record<string, unknown>>
      for (const [key, value] of Object.entries(expected)) assert.equal(entry[key], value)
    })
  }

  const paxed = [
    ['path', 'path=./other', { path: './other' }],
    ['size', 'size=0', { sizeBytes: 0 }],
    ['owner', 'uid=4294967294', { userId: 4294967294 }],
    ['a fraction of a second, cut off', 'mtime=12.999999999', { modifiedSeconds: 12 }],
    ['a fraction before 1970, cut off towards the past', 'mtime=-1.5', { modifiedSeconds: -2 }],
    ['nothing, so that the header counts', 'path=', { path: './name' }],
    ['what we do not need', 'atime=1.5', { path: './name' }],
    ['what nobody knows', 'LIBARCHIVE.creationtime=1', { path: './name' }],
  ] as const
  for (const [why, record, expected] of paxed) {
    test(`a pax header may give ${why}`, async () => {
      const entry = (await only(archive(pax(record), header()))) as unknown as Readonly<Record<string, unknown>>
      for (const [key, value] of Object.entries(expected)) assert.equal(entry[key], value)
    })
  }

  it('a pax header counts for one member, a global one for all that follow, and the first wins over the second', async () => {
    const global = rawMember(
      'g',
      'pax_global_header',
      Buffer.from(paxRecord('uname=everyone') + paxRecord('comment=x')),
    )
    const found = await read(archive(global, header(), pax('uname=me'), header(), header()))
    assert.deepEqual(
      found.map(each => each.entry.userName),
      ['everyone', 'me', 'everyone'],
    )
  })
})

describe('a tar archive is refused', () => {
  const folder = tarEntry({ kind: 'directory', path: 'd/' })
  const malformed: readonly (readonly [why: string, bytes: Uint8Array])[] = [
    ['nothing at all', new Uint8Array(0)],
    ['no zeros at its end, since it could have been longer', header()],
    ['half a header', header().subarray(0, 300)],
    ['content cut off', Buffer.from(writeTar([tarFile('a', 'x'.repeat(600))])).subarray(0, 1024)],
    ['something after its end', Buffer.concat([archive(header()), header()])],
    ['something after one block of zeros', Buffer.concat([header(), Buffer.alloc(512), header()])],
    ['a wrong checksum', archive(header({ 148: '000001\0 ' }))],
    ['a checksum that is no number', archive(header({ 148: 'xxxxxx\0 ' }))],
    ['a size that is no number', archive(header({ 124: '0000000000x\0' }))],
    ['a negative size', archive(header({ 124: '\xff'.repeat(12) }))],
    ['a size beyond 2^53', archive(header({ 124: `\x80${'\x7f'.repeat(11)}` }))],
    ['an owner beyond 32 bits', archive(header({ 108: '\x80\0\0\x01\0\0\0\0' }))],
    ['a negative mode', archive(header({ 100: '\xff'.repeat(8) }))],
    ['no name', archive(header({ 0: '\0'.repeat(100) }))],
    ['an unknown type', archive(header({ 156: 'Z' }))],
    ['a sparse file of GNU', archive(header({ 156: 'S' }))],
    ['a part of a multi-volume archive', archive(header({ 156: 'M' }))],
    ['a Solaris header', archive(header({ 156: 'X' }))],
    ['a sparse file in pax', archive(pax('GNU.sparse.major=1'), header())],
    ['a folder with content', archive(patchHeader(formatTarHeader(folder.entry), { 124: '00000001000\0' }))],
    ['a link without a target', archive(header({ 156: '2' }))],
    ['a hard link with content', archive(header({ 156: '1', 157: 'x', 124: '00000001000\0' }))],
    ['a device number beyond what Linux has', archive(header({ 156: '3', 329: '0010000\0' }))],
    ['a long name given twice', archive(gnuLongName('L', 'a'), gnuLongName('L', 'b'), header())],
    ['a long name that is empty', archive(gnuLongName('L', ''), header())],
    ['a long name with text after its NUL', archive(rawMember('L', 'x', 'abc\0def'), header())],
    ['a long name without a member', archive(gnuLongName('L', 'a'))],
    ['a long name of 5000 bytes', archive(gnuLongName('L', 'a'.repeat(5000)), header())],
    ['a long name of 8 GiB', archive(patchHeader(gnuLongName('L', 'a'), { 124: '77777777777\0' }))],
    ['a long name and a pax path', archive(gnuLongName('L', 'a'), pax('path=b'), header())],
    ['a pax header given twice', archive(pax('path=a'), pax('path=b'), header())],
    ['a pax header without a member', archive(pax('path=a'))],
    ['a pax header of 2 MiB', archive(rawMember('x', 'x', Buffer.alloc(2 ** 21)), header())],
    ['an empty pax header', archive(rawMember('x', 'x', ''), header())],
    ['a pax keyword given twice', archive(pax('path=a', 'path=b'), header())],
    ['a pax record without a length', archive(rawMember('x', 'x', 'path=a\n'), header())],
    ['a pax record with a wrong length', archive(rawMember('x', 'x', '99 path=a\n'), header())],
    ['a pax record of length 0', archive(rawMember('x', 'x', '0 path=a\n'), header())],
    ['a pax record without a keyword', archive(rawMember('x', 'x', '7 =abc\n'), header())],
    ['a pax record without an equals sign', archive(rawMember('x', 'x', '8 abcde\n'), header())],
    ['a pax record without a newline', archive(rawMember('x', 'x', '8 ab=cde'), header())],
    ['a pax path with NUL', archive(pax('path=a\0b'), header())],
    ['a pax size that is no number', archive(pax('size=-1'), header())],
    ['a pax time that is no number', archive(pax('mtime=1e9'), header())],
    ['a global pax path', archive(rawMember('g', 'x', paxRecord('path=a')), header())],
  ]
  for (const [why, bytes] of malformed) {
    test(why, async () => {
      await assert.rejects(
        read(bytes),
        (error: unknown) => isFault(error, 'TAR_MALFORMED') && !/[\n\0]/.test(error.message),
      )
    })
  }

  it('when it has pax headers where dpkg would not read them', async () => {
    const strict = readTar(inChunks(archive(pax('path=a'), header())), { name: 'data.tar', paxHeaders: 'refuse' })
    await assert.rejects(strict.next(), { code: 'TAR_MALFORMED', message: /pax headers, which dpkg does not read/ })
  })
})

describe('laws', () => {
  const path = fc.stringMatching(/^[ -.0-~\u00a0-\u00ff]{1,90}(\/[ -.0-~\u00a0-\u00ff]{1,60}){0,4}$/)
  const attributes = fc.record({
    mode: fc.integer({ min: 0, max: 0o7777 }),
    userId: fc.oneof(fc.nat(70_000), fc.constant(2 ** 32 - 2)),
    groupId: fc.nat(3_000_000),
    userName: fc.stringMatching(/^[a-z]{0,40}$/),
    modifiedSeconds: fc.oneof(fc.integer({ min: -100, max: 2 ** 31 }), fc.constant(8 ** 11)),
  })
  const member: fc.Arbitrary<TarContent> = fc.oneof(
    fc
      .tuple(path, fc.uint8Array({ maxLength: 1100 }), attributes)
      .map(([name, bytes, changes]) => tarFile(name, Buffer.from(bytes), changes)),
    fc.tuple(path, attributes).map(([name, changes]) => tarEntry({ kind: 'directory', path: `${name}/`, ...changes })),
    fc
      .tuple(path, path, fc.constantFrom('symlink' as const, 'hard-link' as const), attributes)
      .map(([name, target, kind, changes]) => tarEntry({ kind, path: name, target, ...changes })),
  )
  const archives = fc.array(member, { maxLength: 5 })

  it('what is written is read back', async () => {
    await fc.assert(
      fc.asyncProperty(archives, fc.integer({ min: 1, max: 3000 }), async (members, chunkBytes) => {
        assert.deepEqual(await read(writeTar(members), chunkBytes), members)
      }),
      { seed: 91 },
    )
  })

  it('every cut ends in a fault or, among the zeros at the end, in the same members', async () => {
    const members = [tarFile('a', 'abc'), tarEntry({ kind: 'symlink', path: 'n'.repeat(120), target: 'b' })]
    const bytes = writeTar(members)
    for (let length = 0; length < bytes.length; length++) {
      const found = await read(bytes.subarray(0, length)).catch((error: unknown) => error)
      if (isFault(found, 'TAR_MALFORMED')) continue
      assert.deepEqual(found, members, `${length} bytes`)
      assert.ok(length >= bytes.length - 512)
    }
  })

  it('every flipped bit ends in a fault or in the same members, but for contents and fillings', async () => {
    const members = [tarFile('a', 'abc'), tarFile('n'.repeat(120))]
    const bytes = Buffer.from(writeTar(members))
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      const found = await read(flipped).catch((error: unknown) => error)
      if (isFault(found, 'TAR_MALFORMED')) continue
      assert.ok(Array.isArray(found), String(found))
      // Only headers have a checksum; 512 to 515 is content, 1536 the text of a pax header.
      if (at < 512) assert.deepEqual(found, members, `byte ${at}`)
    }
  })

  it('noise ends in a fault or in members', async () => {
    await fc.assert(
      fc.asyncProperty(archives, fc.nat(), fc.uint8Array({ maxLength: 700 }), async (members, place, noise) => {
        const bytes = Buffer.from(writeTar(members))
        bytes.set(noise.subarray(0, bytes.length), place % Math.max(1, bytes.length - noise.length))
        const found = await read(bytes).catch((error: unknown) => error)
        assert.ok(Array.isArray(found) || isFault(found, 'TAR_MALFORMED'), String(found))
      }),
      { seed: 92, numRuns: 300 },
    )
  })
})
