import assert from 'node:assert/strict'
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
import { inChunks } from '../support/chunks.ts'
import {
  nameHeader,
  paxHeader,
  paxRecord,
  rawMember,
  readWholeTar,
  tarEntry,
  tarFile,
  tarOf,
  tarReading,
  writeGnuTar,
} from '../support/tar-bytes.ts'

const only = async (bytes: Uint8Array): Promise<TarEntry> => {
  const [first, ...others] = await readWholeTar(bytes)
  assert.deepEqual(others, [])
  return first!.entry
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
      assert.deepEqual(await readWholeTar(writeTar(everything), chunkBytes), everything)
  })

  it('skips contents that nobody reads', async () => {
    const paths: string[] = []
    for await (const { entry } of readTar(inChunks(writeTar(everything), 100), tarReading)) paths.push(entry.path)
    assert.deepEqual(
      paths,
      everything.map(each => each.entry.path),
    )
  })

  it('gives contents as views of the chunks, for those who keep count themselves', () => {
    const parser = new TarParser(tarReading)
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
      assert.deepEqual(await readWholeTar(writeTar([member])), [member])
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
    assert.deepEqual(await only(tarOf(nameHeader({ ...v7, 156: '\0' }))), {
      ...tarFile('./name', '', { userName: '', groupName: '' }).entry,
    })
    assert.equal((await only(tarOf(nameHeader({ ...v7, 0: './dir/\0' })))).kind, 'directory')
  })

  it('GNU gives long names and link targets in members of their own', async () => {
    const long = './very/'.repeat(40)
    const members = [
      tarFile(`${long}x`, 'abc'),
      tarEntry({ kind: 'directory', path: long }),
      tarEntry({ kind: 'symlink', path: 'l', target: long }),
      tarFile('short'),
    ]
    assert.deepEqual(await readWholeTar(writeGnuTar(members), 100), members)
  })

  it('GNU does not use the prefix field, but POSIX does', async () => {
    assert.equal((await only(tarOf(nameHeader({ 345: 'usr/lib' })))).path, 'usr/lib/./name')
    assert.equal((await only(tarOf(nameHeader({ 345: 'usr/lib', 257: 'ustar  \0' })))).path, './name')
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
      const entry = (await only(tarOf(nameHeader(patches)))) as unknown as Readonly<Record<string, unknown>>
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
      const entry = (await only(tarOf(paxHeader(record), nameHeader()))) as unknown as Readonly<Record<string, unknown>>
      for (const [key, value] of Object.entries(expected)) assert.equal(entry[key], value)
    })
  }

  it('a pax header counts for one member, a global one for all that follow, and the first wins over the second', async () => {
    const global = rawMember(
      'g',
      'pax_global_header',
      Buffer.from(paxRecord('uname=everyone') + paxRecord('comment=x')),
    )
    const found = await readWholeTar(tarOf(global, nameHeader(), paxHeader('uname=me'), nameHeader(), nameHeader()))
    assert.deepEqual(
      found.map(each => each.entry.userName),
      ['everyone', 'me', 'everyone'],
    )
  })
})
