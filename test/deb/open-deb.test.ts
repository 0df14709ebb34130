import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import {
  type ArContent,
  compressGzipBytes,
  readAr,
  type TarContent,
  type TarEntry,
  writeAr,
  writeTar,
} from '../../src/codec/index.ts'
import { defaultDebLimits, openDeb, readDebControl } from '../../src/deb/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { collect, inChunks } from '../support/chunks.ts'
import { buildDeb, debFileName } from '../support/deb-builder.ts'
import { rawMember, tarEntry, tarFile, writeGnuTar } from '../support/tar-bytes.ts'

const options = { name: 'hello.deb' }

async function unpack(bytes: Uint8Array, chunkBytes?: number, limits = defaultDebLimits) {
  const deb = await openDeb(inChunks(bytes, chunkBytes), { ...options, limits })
  const entries: (readonly [TarEntry, string])[] = []
  for await (const { entry, body } of deb.entries()) entries.push([entry, (await collect(body)).toString()])
  return { ...deb, entries }
}

const hello = buildDeb({
  control: { Package: 'hello', Version: '1:2.10-3', Depends: 'libc6 (>= 2.36)' },
  scripts: { postinst: '#!/bin/sh\nset -e\n' },
  conffiles: ['/etc/hello.conf'],
  members: { triggers: 'activate-noawait ldconfig\n' },
  files: [
    { kind: 'file', path: '/usr/bin/hello', content: 'ELF', mode: 0o4755 },
    { kind: 'file', path: '/etc/hello.conf', content: 'greeting=hi\n' },
    { kind: 'symlink', path: '/usr/bin/hi', target: 'hello' },
    { kind: 'hard-link', path: '/usr/bin/hallo', target: '/usr/bin/hello' },
    { kind: 'file', path: `/usr/share/${'long/'.repeat(60)}name`, content: 'x' },
    { kind: 'character-device', path: '/dev/null', major: 1, minor: 3 },
  ],
})

describe('a deb', () => {
  it('gives its control members first, with mode and time', async () => {
    const { control, members } = await unpack(hello)
    assert.equal(control.field('Package'), 'hello')
    assert.equal(control.field('Version'), '1:2.10-3')
    assert.deepEqual([...members.keys()], ['control', 'conffiles', 'md5sums', 'triggers', 'postinst'])
    assert.equal(Buffer.from(members.get('conffiles')!.bytes).toString(), '/etc/hello.conf\n')
    assert.equal(Buffer.from(members.get('md5sums')!.bytes).toString().split('\n')[0]?.slice(34), 'usr/bin/hello')
    assert.deepEqual([members.get('postinst')!.mode, members.get('postinst')!.modifiedSeconds], [0o755, 1_700_000_000])
  })

  it('gives what it installs in the order of data.tar, in chunks of any size', async () => {
    for (const chunkBytes of [1, 100, 65536]) {
      const { entries } = await unpack(hello, chunkBytes)
      assert.deepEqual(
        entries.filter(([entry]) => entry.kind !== 'directory').map(([entry, text]) => [entry.path, entry.kind, text]),
        [
          ['./usr/bin/hello', 'file', 'ELF'],
          ['./etc/hello.conf', 'file', 'greeting=hi\n'],
          ['./usr/bin/hi', 'symlink', ''],
          ['./usr/bin/hallo', 'hard-link', ''],
          [`./usr/share/${'long/'.repeat(60)}name`, 'file', 'x'],
          ['./dev/null', 'character-device', ''],
        ],
      )
      assert.deepEqual(
        entries.slice(0, 3).map(([entry]) => entry.path),
        ['./', './usr/', './usr/bin/'],
      )
    }
  })

  it('gives the same as batches of events', async () => {
    const deb = await openDeb(inChunks(hello, 100), options)
    let text = ''
    for await (const events of deb.entryEvents())
      for (const event of events)
        text += event.kind === 'content' ? Buffer.from(event.bytes).toString() : `[${event.entry.path}]`
    assert.match(text, /^\[\.\/\]\[\.\/usr\/\]\[\.\/usr\/bin\/\]\[\.\/usr\/bin\/hello\]ELF\[\.\/etc\/\]/)
  })

  it('can be asked for its control alone, and then leaves the rest unread', async () => {
    let given = 0
    let closed = false
    const source = (async function* () {
      try {
        for await (const chunk of inChunks(hello, 64)) {
          given += chunk.length
          yield chunk
        }
      } finally {
        closed = true
      }
    })()
    const { control } = await readDebControl(source, options)
    assert.equal(control.field('Depends'), 'libc6 (>= 2.36)')
    assert.ok(closed && given < hello.length)
  })

  it('built twice from one description has the same bytes', () => {
    const description = { control: { Package: 'a', Version: '2:1.0' }, compression: 'none' } as const
    assert.deepEqual(buildDeb(description), buildDeb(description))
    assert.equal(debFileName(description), 'a_1.0_amd64.deb')
  })
})

// The parts of a deb that is sound but for what a row changes.
const control = (text = 'Package: a\nVersion: 1\nArchitecture: all\n', ...others: readonly TarContent[]) =>
  writeTar([tarEntry({ kind: 'directory', path: './' }), tarFile('./control', text), ...others])
const data = (...members: readonly TarContent[]) => writeTar([tarEntry({ kind: 'directory', path: './' }), ...members])
const version = { name: 'debian-binary', content: Buffer.from('2.0\n') }
const controlTar = { name: 'control.tar', content: control() }
const dataTar = { name: 'data.tar', content: data() }
const extra = (name: string) => ({ name, content: Buffer.from('anything') })
const withControl = (bytes: Uint8Array) => writeAr([version, { name: 'control.tar', content: bytes }, dataTar])

describe('a deb is accepted', () => {
  const sound: readonly (readonly [why: string, members: readonly ArContent[]])[] = [
    ['uncompressed', [version, controlTar, dataTar]],
    [
      'with a higher minor version and further lines',
      [{ ...version, content: Buffer.from('2.17\nmore\n') }, controlTar, dataTar],
    ],
    [
      'with members that begin with an underscore before control.tar and data.tar',
      [version, extra('_a'), controlTar, extra('_b'), dataTar],
    ],
    ['with any members after data.tar', [version, controlTar, dataTar, extra('_gpgorigin'), extra('other')]],
    [
      'with control and data compressed differently',
      [version, { name: 'control.tar.gz', content: compressGzipBytes(control()) }, dataTar],
    ],
    [
      'with control members that have no ./ before them',
      [
        version,
        { name: 'control.tar', content: writeTar([tarFile('control', 'Package: a\nVersion: 1\nArchitecture: all')]) },
        dataTar,
      ],
    ],
    [
      'with pax headers in control.tar, which tar(1) unpacks for dpkg',
      [
        version,
        { name: 'control.tar', content: control(undefined, tarFile('./md5sums', '', { modifiedSeconds: -1 })) },
        dataTar,
      ],
    ],
  ]
  for (const [why, members] of sound) {
    test(why, async () => {
      const { entries } = await unpack(writeAr(members))
      assert.equal(entries.length, 1)
    })
  }

  const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../fixtures/deb', name))
  for (const kind of ['none', 'gz', 'xz', 'zst', 'bz2', 'lzma']) {
    test(`as the real tools made it with ${kind}`, async () => {
      const { control: stanza, entries } = await unpack(fixture(`hello-${kind}.deb`))
      assert.equal(stanza.field('Package'), 'hello-fixture')
      assert.deepEqual(
        entries.map(([entry, text]) => [entry.path, entry.kind, text]),
        [
          ['./', 'directory', ''],
          ['./usr/', 'directory', ''],
          ['./usr/share/', 'directory', ''],
          ['./usr/share/hello', 'file', 'hello\n'],
          ['./usr/share/hi', 'symlink', ''],
        ],
      )
    })
  }
})

describe('a deb is refused', () => {
  const malformed: readonly (readonly [why: string, bytes: Uint8Array, code?: string])[] = [
    ['nothing at all', new Uint8Array(0), 'AR_MALFORMED'],
    ['no members', writeAr([])],
    ['no debian-binary', writeAr([controlTar, dataTar])],
    ['debian-binary not first', writeAr([extra('_a'), version, controlTar, dataTar])],
    ['format 3', writeAr([{ ...version, content: Buffer.from('3.0\n') }, controlTar, dataTar])],
    ['format 0.93', writeAr([{ ...version, content: Buffer.from('0.939000\n') }, controlTar, dataTar])],
    ['an empty format', writeAr([{ ...version, content: Buffer.from('') }, controlTar, dataTar])],
    ['no control.tar', writeAr([version, dataTar])],
    ['no data.tar', writeAr([version, controlTar])],
    ['data.tar before control.tar', writeAr([version, dataTar, controlTar])],
    ['an unknown member before control.tar', writeAr([version, extra('a'), controlTar, dataTar])],
    ['an unknown member before data.tar', writeAr([version, controlTar, extra('a'), dataTar])],
    ['a second control.tar', writeAr([version, controlTar, controlTar, dataTar])],
    ['control.tar.bz2, which deb(5) does not allow', writeAr([version, extra('control.tar.bz2'), dataTar])],
    ['data.tar.br', writeAr([version, controlTar, extra('data.tar.br')])],
    ['data.tar.xz that is no xz', writeAr([version, controlTar, extra('data.tar.xz')]), 'COMPRESSION_CORRUPT'],
    ['data.tar that is no tar', writeAr([version, controlTar, extra('data.tar')]), 'TAR_MALFORMED'],
    [
      'pax headers in data.tar',
      writeAr([version, controlTar, { name: 'data.tar', content: data(tarFile('x', '', { modifiedSeconds: -1 })) }]),
      'TAR_MALFORMED',
    ],
    ['a trailing member cut off', writeAr([version, controlTar, dataTar, extra('_x')]).subarray(0, -3), 'AR_MALFORMED'],
    ['no control member', withControl(writeTar([tarFile('./postinst', '')]))],
    ['control without Package', withControl(control('Version: 1\nArchitecture: all\n'))],
    ['control with an empty Version', withControl(control('Package: a\nVersion:\nArchitecture: all\n'))],
    ['control with two stanzas', withControl(control('Package: a\nVersion: 1\nArchitecture: all\n\nPackage: b\n'))],
    [
      'control with a field given twice',
      withControl(control('Package: a\nPackage: b\nVersion: 1\nArchitecture: all\n')),
    ],
    ['control given twice', withControl(control(undefined, tarFile('control', 'x')))],
    [
      'a control member that is a link',
      withControl(control(undefined, tarEntry({ kind: 'symlink', path: './postinst', target: '/bin/sh' }))),
    ],
    ['a control member in a folder', withControl(control(undefined, tarFile('./a/b')))],
    [
      'a folder beside the control members',
      withControl(control(undefined, tarEntry({ kind: 'directory', path: './a/' }))),
    ],
    ['a control member that leaves its folder', withControl(control(undefined, tarFile('../postinst')))],
    ['an absolute control member', withControl(control(undefined, tarFile('/etc/passwd')))],
    ['a control member with a newline', withControl(control(undefined, tarFile('./a\nb')))],
    [
      '300 control members',
      withControl(control(undefined, ...Array.from({ length: 300 }, (_, at) => tarFile(`./m${at}`)))),
    ],
  ]
  for (const [why, bytes, code = 'DEB_MALFORMED'] of malformed) {
    test(`for ${why}`, async () => {
      await assert.rejects(unpack(bytes), (error: unknown) => {
        assert.ok(isFault(error), String(error))
        assert.equal(error.code, code, error.message)
        assert.ok(error.message.startsWith('hello.deb') && !/\n/.test(error.message))
        return true
      })
    })
  }

  it('for more than its limits', async () => {
    const deb = writeAr([version, controlTar, { name: 'data.tar', content: data(tarFile('x'), tarFile('y')) }])
    const limited = (changes: Partial<typeof defaultDebLimits>) =>
      unpack(deb, 65536, { ...defaultDebLimits, ...changes })
    await assert.rejects(limited({ maximumEntries: 2 }), { code: 'DEB_MALFORMED' })
    await assert.rejects(limited({ maximumControlBytes: 1000 }), { code: 'COMPRESSION_LIMIT' })
    await assert.rejects(limited({ maximumDataBytes: 1000 }), { code: 'COMPRESSION_LIMIT' })
    assert.equal((await limited({ maximumEntries: 3 })).entries.length, 3)
  })

  it('by its batches of events too', async () => {
    const deb = await openDeb(inChunks(writeAr([version, controlTar, dataTar])), {
      ...options,
      limits: { ...defaultDebLimits, maximumEntries: 0 },
    })
    await assert.rejects(deb.entryEvents().next(), { code: 'DEB_MALFORMED' })
  })
})

describe('laws', () => {
  const small = buildDeb({ control: { Package: 'a' }, files: [{ kind: 'file', path: '/x', content: 'abc' }] })

  it('a deb cut off anywhere is refused', async () => {
    for (let length = 0; length < small.length; length++) {
      // The last byte may be the padding of the last member.
      if (length === small.length - 1 && small[length] === 0x0a) continue
      await assert.rejects(unpack(small.subarray(0, length)), (error: unknown) => isFault(error), `${length} bytes`)
    }
  })

  it('a deb with one bit flipped is refused, or unpacks to the same files', async () => {
    const whole = await unpack(small)
    for (let at = 0; at < small.length; at++) {
      const flipped = Buffer.from(small)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      const outcome = await unpack(flipped).catch((error: unknown) => error)
      if (isFault(outcome)) continue
      assert.ok(!(outcome instanceof Error), String(outcome))
      assert.deepEqual((outcome as typeof whole).entries, whole.entries, `byte ${at}`)
    }
  })

  it('noise in a deb never crashes its reader', async () => {
    const plain = writeAr([
      version,
      controlTar,
      { name: 'data.tar', content: writeGnuTar([tarFile('x'.repeat(200), 'abc')]) },
    ])
    const types = Buffer.from(rawMember('S', 'x', ''))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(plain.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 600 }),
        fc.boolean(),
        async (at, noise, typed) => {
          const bytes = Buffer.from(plain)
          bytes.set((typed ? types : noise).subarray(0, bytes.length - at), at)
          const outcome = await unpack(bytes).catch((error: unknown) => error)
          assert.ok(!(outcome instanceof Error) || isFault(outcome), String(outcome))
        },
      ),
      { seed: 101, numRuns: 300 },
    )
  })

  it('an archive that ar(1) can list is what the builder writes', async () => {
    const names: string[] = []
    for await (const member of readAr(inChunks(hello), options)) names.push(member.name)
    assert.deepEqual(names, ['debian-binary', 'control.tar.gz', 'data.tar.gz'])
  })
})
