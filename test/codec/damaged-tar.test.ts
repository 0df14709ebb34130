import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import { formatTarHeader, readTar, type TarContent, writeTar } from '../../src/codec/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { inChunks } from '../support/chunks.ts'
import {
  gnuLongName,
  nameHeader,
  patchHeader,
  paxHeader,
  paxRecord,
  rawMember,
  readWholeTar,
  tarEntry,
  tarFile,
  tarOf,
} from '../support/tar-bytes.ts'

describe('a tar archive is refused', () => {
  const folder = tarEntry({ kind: 'directory', path: 'd/' })
  const malformed: readonly (readonly [why: string, bytes: Uint8Array])[] = [
    ['nothing at all', new Uint8Array(0)],
    ['no zeros at its end, since it could have been longer', nameHeader()],
    ['half a header', nameHeader().subarray(0, 300)],
    ['content cut off', Buffer.from(writeTar([tarFile('a', 'x'.repeat(600))])).subarray(0, 1024)],
    ['something after its end', Buffer.concat([tarOf(nameHeader()), nameHeader()])],
    ['something after one block of zeros', Buffer.concat([nameHeader(), Buffer.alloc(512), nameHeader()])],
    ['a wrong checksum', tarOf(nameHeader({ 148: '000001\0 ' }))],
    ['a checksum that is no number', tarOf(nameHeader({ 148: 'xxxxxx\0 ' }))],
    ['a size that is no number', tarOf(nameHeader({ 124: '0000000000x\0' }))],
    ['a negative size', tarOf(nameHeader({ 124: '\xff'.repeat(12) }))],
    ['a size beyond 2^53', tarOf(nameHeader({ 124: `\x80${'\x7f'.repeat(11)}` }))],
    ['an owner beyond 32 bits', tarOf(nameHeader({ 108: '\x80\0\0\x01\0\0\0\0' }))],
    ['a negative mode', tarOf(nameHeader({ 100: '\xff'.repeat(8) }))],
    ['no name', tarOf(nameHeader({ 0: '\0'.repeat(100) }))],
    ['an unknown type', tarOf(nameHeader({ 156: 'Z' }))],
    ['a sparse file of GNU', tarOf(nameHeader({ 156: 'S' }))],
    ['a part of a multi-volume archive', tarOf(nameHeader({ 156: 'M' }))],
    ['a Solaris header', tarOf(nameHeader({ 156: 'X' }))],
    ['a sparse file in pax', tarOf(paxHeader('GNU.sparse.major=1'), nameHeader())],
    ['a folder with content', tarOf(patchHeader(formatTarHeader(folder.entry), { 124: '00000001000\0' }))],
    ['a link without a target', tarOf(nameHeader({ 156: '2' }))],
    ['a hard link with content', tarOf(nameHeader({ 156: '1', 157: 'x', 124: '00000001000\0' }))],
    ['a device number beyond what Linux has', tarOf(nameHeader({ 156: '3', 329: '0010000\0' }))],
    ['a long name given twice', tarOf(gnuLongName('L', 'a'), gnuLongName('L', 'b'), nameHeader())],
    ['a long name that is empty', tarOf(gnuLongName('L', ''), nameHeader())],
    ['a long name with text after its NUL', tarOf(rawMember('L', 'x', 'abc\0def'), nameHeader())],
    ['a long name without a member', tarOf(gnuLongName('L', 'a'))],
    ['a long name of 5000 bytes', tarOf(gnuLongName('L', 'a'.repeat(5000)), nameHeader())],
    ['a long name of 8 GiB', tarOf(patchHeader(gnuLongName('L', 'a'), { 124: '77777777777\0' }))],
    ['a long name and a pax path', tarOf(gnuLongName('L', 'a'), paxHeader('path=b'), nameHeader())],
    ['a pax header given twice', tarOf(paxHeader('path=a'), paxHeader('path=b'), nameHeader())],
    ['a pax header without a member', tarOf(paxHeader('path=a'))],
    ['a pax header of 2 MiB', tarOf(rawMember('x', 'x', Buffer.alloc(2 ** 21)), nameHeader())],
    ['an empty pax header', tarOf(rawMember('x', 'x', ''), nameHeader())],
    ['a pax keyword given twice', tarOf(paxHeader('path=a', 'path=b'), nameHeader())],
    ['a pax record without a length', tarOf(rawMember('x', 'x', 'path=a\n'), nameHeader())],
    ['a pax record with a wrong length', tarOf(rawMember('x', 'x', '99 path=a\n'), nameHeader())],
    ['a pax record of length 0', tarOf(rawMember('x', 'x', '0 path=a\n'), nameHeader())],
    ['a pax record without a keyword', tarOf(rawMember('x', 'x', '7 =abc\n'), nameHeader())],
    ['a pax record without an equals sign', tarOf(rawMember('x', 'x', '8 abcde\n'), nameHeader())],
    ['a pax record without a newline', tarOf(rawMember('x', 'x', '8 ab=cde'), nameHeader())],
    ['a pax path with NUL', tarOf(paxHeader('path=a\0b'), nameHeader())],
    ['a pax size that is no number', tarOf(paxHeader('size=-1'), nameHeader())],
    ['a pax time that is no number', tarOf(paxHeader('mtime=1e9'), nameHeader())],
    ['a global pax path', tarOf(rawMember('g', 'x', paxRecord('path=a')), nameHeader())],
  ]
  for (const [why, bytes] of malformed) {
    test(why, async () => {
      await assert.rejects(
        readWholeTar(bytes),
        (error: unknown) => isFault(error, 'TAR_MALFORMED') && !/[\n\0]/.test(error.message),
      )
    })
  }

  it('when it has pax headers where dpkg would not read them', async () => {
    const strict = readTar(inChunks(tarOf(paxHeader('path=a'), nameHeader())), {
      name: 'data.tar',
      paxHeaders: 'refuse',
    })
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
        assert.deepEqual(await readWholeTar(writeTar(members), chunkBytes), members)
      }),
      { seed: 91 },
    )
  })

  it('every cut ends in a fault or, among the zeros at the end, in the same members', async () => {
    const members = [tarFile('a', 'abc'), tarEntry({ kind: 'symlink', path: 'n'.repeat(120), target: 'b' })]
    const bytes = writeTar(members)
    for (let length = 0; length < bytes.length; length++) {
      const found = await readWholeTar(bytes.subarray(0, length)).catch((error: unknown) => error)
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
      const found = await readWholeTar(flipped).catch((error: unknown) => error)
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
        const found = await readWholeTar(bytes).catch((error: unknown) => error)
        assert.ok(Array.isArray(found) || isFault(found, 'TAR_MALFORMED'), String(found))
      }),
      { seed: 92, numRuns: 300 },
    )
  })
})
