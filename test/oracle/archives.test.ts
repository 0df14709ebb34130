import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extract } from 'tar-stream'
import { afterAll, beforeAll, describe, it, test } from 'vitest'
import {
  compressionOfName,
  decompress,
  decompressBytes,
  readAr,
  readTar,
  type TarEntry,
  writeTar,
} from '../../src/codec/index.ts'
import { openDeb } from '../../src/deb/index.ts'
import { scanStanzas } from '../../src/debian-control-parser/index.ts'
import { collect, inChunks } from '../support/chunks.ts'
import { buildDeb } from '../support/deb-builder.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { tarEntry, tarFile } from '../support/tar-bytes.ts'

const work = mkdtempSync(join(tmpdir(), 'aptroot-archives-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

const run = (program: string, ...args: readonly string[]) =>
  execFileSync(program, args, { cwd: work, maxBuffer: 2 ** 30, env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' } })
const missing = (...programs: readonly string[]) => {
  const absent = programs.filter(program => !['/usr/bin', '/bin'].some(folder => existsSync(join(folder, program))))
  return absent.length === 0 ? undefined : `${absent.join(', ')} not installed`
}
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

interface Line {
  readonly path: string
  readonly kind: string
  readonly mode: number
  readonly owner: string
  readonly modifiedSeconds: number
  readonly target: string
  readonly sha256: string
}
const line = (entry: TarEntry, content: Uint8Array): Line => ({
  path: entry.path,
  kind: entry.kind,
  mode: entry.mode,
  owner: `${entry.userId}:${entry.groupId} ${entry.userName}:${entry.groupName}`,
  modifiedSeconds: entry.modifiedSeconds,
  target: 'target' in entry ? entry.target : '',
  sha256: sha256(content),
})

async function ours(tar: Uint8Array): Promise<Line[]> {
  const lines: Line[] = []
  for await (const { entry, body } of readTar(inChunks(tar), { name: 'tar', paxHeaders: 'read' }))
    lines.push(line(entry, await collect(body)))
  return lines
}

const kinds: Readonly<Record<string, string>> = { link: 'hard-link' }

/** The same by tar-stream, which decodes names as UTF-8, and takes the slash off some folders. */
async function tarStreams(tar: Uint8Array): Promise<Line[]> {
  const lines: Line[] = []
  const reader = extract()
  reader.end(Buffer.from(tar))
  for await (const entry of reader) {
    const { name, type, mode, uid, gid, uname, gname, mtime, linkname } = entry.header
    lines.push({
      path: Buffer.from(name).toString('latin1'),
      kind: kinds[type ?? ''] ?? type ?? '',
      mode: mode ?? 0,
      owner: `${uid}:${gid} ${uname}:${gname}`,
      modifiedSeconds: (mtime?.getTime() ?? 0) / 1000,
      target: Buffer.from(linkname ?? '').toString('latin1'),
      sha256: sha256(await collect(entry as unknown as AsyncIterable<Uint8Array>)),
    })
  }
  return lines
}
const withoutSlash = (lines: readonly Line[]) =>
  lines.map(each => (each.kind === 'directory' ? { ...each, path: each.path.replace(/\/$/, '') } : each))

describe('GNU tar', () => {
  const absent = missing('tar')
  const odd = 'caf\u00e9 with blanks'
  const deep = `${'deep-folder/'.repeat(20)}`

  beforeAll(() => {
    if (absent !== undefined) return
    const root = join(work, 'tree')
    mkdirSync(join(root, deep), { recursive: true })
    writeFileSync(join(root, odd), 'odd')
    writeFileSync(join(root, `${'n'.repeat(120)}`), 'long name')
    writeFileSync(join(root, deep, 'file'), 'x'.repeat(70_000))
    writeFileSync(join(root, 'empty'), '')
    symlinkSync(`${'../'.repeat(50)}etc`, join(root, 'long-link'))
    linkSync(join(root, odd), join(root, 'zz-hard'))
  })

  for (const format of ['gnu', 'oldgnu', 'pax', 'posix'] as const) {
    it(`writes archives in the ${format} format that we read as tar-stream does`, async context => {
      if (skippedForWantOf(absent)) return context.skip()
      run('tar', `--format=${format}`, '--sort=name', '--mtime=@1700000000.5', '-cf', 'made.tar', '-C', 'tree', '.')
      const tar = readFileSync(join(work, 'made.tar'))
      const lines = await ours(tar)
      assert.ok(lines.length > 25)
      assert.deepEqual(withoutSlash(lines), withoutSlash(await tarStreams(tar)))
      assert.ok(
        lines.some(each => each.path === `./${deep}file` && each.sha256 === sha256(Buffer.from('x'.repeat(70_000)))),
      )
    })
  }

  for (const format of ['v7', 'ustar'] as const) {
    it(`writes short names in the ${format} format that we read`, async context => {
      if (skippedForWantOf(absent)) return context.skip()
      run(
        'tar',
        `--format=${format}`,
        '--mtime=@1700000000',
        '-cf',
        'made.tar',
        '-C',
        'tree',
        `./${odd}`,
        './zz-hard',
        './empty',
      )
      const lines = await ours(readFileSync(join(work, 'made.tar')))
      assert.deepEqual(
        lines.map(({ path, kind, target }) => [
          Buffer.from(path, 'latin1').toString(),
          kind,
          Buffer.from(target, 'latin1').toString(),
        ]),
        [
          [`./${odd}`, 'file', ''],
          ['./zz-hard', 'hard-link', `./${odd}`],
          ['./empty', 'file', ''],
        ],
      )
    })
  }

  it('makes sparse files that we refuse', async context => {
    if (skippedForWantOf(absent)) return context.skip()
    run('truncate', '-s', '1M', 'sparse')
    for (const format of ['gnu', 'pax'] as const) {
      run('tar', `--format=${format}`, '-S', '-cf', 'sparse.tar', 'sparse')
      await assert.rejects(ours(readFileSync(join(work, 'sparse.tar'))), { code: 'TAR_MALFORMED', message: /sparse/ })
    }
  })

  it('reads what we write', context => {
    if (skippedForWantOf(absent)) return context.skip()
    const members = [
      tarEntry({ kind: 'directory', path: './' }),
      tarFile(`./${deep}file`, 'text', { mode: 0o4755, userId: 5_000_000 }),
      tarFile(`./${'n'.repeat(150)}`),
      tarEntry({ kind: 'symlink', path: './l', target: 't'.repeat(150) }),
      tarEntry({ kind: 'hard-link', path: './h', target: `./${deep}file` }),
      tarEntry({ kind: 'character-device', path: './null', major: 1, minor: 3 }),
      tarEntry({ kind: 'fifo', path: './fifo' }),
    ]
    writeFileSync(join(work, 'ours.tar'), writeTar(members))
    const listed = run('tar', '--list', '--verbose', '--numeric-owner', '--full-time', '-f', 'ours.tar').toString()
    const when = '2023-11-14 22:13:20'
    assert.deepEqual(
      listed
        .trimEnd()
        .split('\n')
        .map(each => each.replace(/ +/g, ' ')),
      [
        `drwxr-xr-x 0/0 0 ${when} ./`,
        `-rwsr-xr-x 5000000/0 4 ${when} ./${deep}file`,
        `-rw-r--r-- 0/0 0 ${when} ./${'n'.repeat(150)}`,
        `lrwxrwxrwx 0/0 0 ${when} ./l -> ${'t'.repeat(150)}`,
        `hrw-r--r-- 0/0 0 ${when} ./h link to ./${deep}file`,
        `crw-r--r-- 0/0 1,3 ${when} ./null`,
        `prw-r--r-- 0/0 0 ${when} ./fifo`,
      ],
    )
    run('mkdir', '-p', 'out')
    run('tar', '-xf', 'ours.tar', '-C', 'out', `./${deep}file`)
    assert.equal(readFileSync(join(work, 'out', deep, 'file'), 'utf8'), 'text')
  })
})

describe('dpkg-deb', () => {
  const absent = missing('dpkg-deb', 'tar')

  it('reads what the builder of debs makes', context => {
    if (skippedForWantOf(absent)) return context.skip()
    const deb = buildDeb({
      control: { Package: 'built', Version: '1:1.0' },
      scripts: { postinst: '#!/bin/sh\n' },
      conffiles: ['/etc/built'],
      files: [
        { kind: 'file', path: '/etc/built', content: 'x' },
        { kind: 'file', path: `/usr/share/${'long/'.repeat(60)}name`, content: 'y' },
        { kind: 'symlink', path: '/usr/l', target: 't'.repeat(200) },
      ],
    })
    writeFileSync(join(work, 'built.deb'), deb)
    assert.equal(run('dpkg-deb', '--field', 'built.deb', 'Version').toString(), '1:1.0\n')
    assert.match(run('dpkg-deb', '--info', 'built.deb').toString(), /conffiles[\s\S]*postinst/)
    const contents = run('dpkg-deb', '--contents', 'built.deb').toString()
    assert.ok(contents.includes(`./usr/share/${'long/'.repeat(60)}name`) && contents.includes('t'.repeat(200)))
  })
})

describe('real debs', () => {
  // hello is the usual small one; libc6 has symlinks and many files, tzdata hard links, perl-base long names, bash conffiles.
  const wanted = ['hello', 'bash', 'libc6', 'tzdata', 'perl-base', 'coreutils', 'passwd'] as const
  const folder = join(work, 'debs')
  let why = missing('apt-get', 'dpkg-deb', 'tar')

  beforeAll(() => {
    if (why !== undefined) return
    mkdirSync(folder)
    for (const name of wanted) {
      try {
        execFileSync('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', name], {
          cwd: folder,
          stdio: 'pipe',
        })
      } catch (error) {
        why = `apt-get download ${name} failed: ${String(error).split('\n').at(-2)}`
        return
      }
    }
  })

  it('unpack to the bytes that dpkg-deb and tar-stream see', async context => {
    if (skippedForWantOf(why)) return context.skip()
    const files = readdirSync(folder)
    assert.equal(files.length, wanted.length)
    for (const file of files) {
      const path = join(folder, file)
      const bytes = readFileSync(path)
      const tar = run('dpkg-deb', '--fsys-tarfile', path)
      for await (const member of readAr(inChunks(bytes), { name: file })) {
        if (!member.name.startsWith('data.tar')) continue
        const limits = { name: file, maximumBytes: 2 ** 30 }
        const unpacked = await collect(decompress(compressionOfName(member.name), member.body, limits))
        assert.equal(sha256(unpacked), sha256(tar), file)
      }

      const deb = await openDeb(inChunks(bytes), { name: file })
      const lines: Line[] = []
      for await (const { entry, body } of deb.entries()) lines.push(line(entry, await collect(body)))
      assert.deepEqual(withoutSlash(lines), withoutSlash(await tarStreams(tar)), file)

      const fields = run('dpkg-deb', '--field', path).toString()
      assert.equal(Buffer.from(deb.members.get('control')?.bytes ?? []).toString(), fields, file)
      const control = join(work, `${file}.control`)
      run('dpkg-deb', '--control', path, control)
      assert.deepEqual([...deb.members.keys()].sort(), readdirSync(control).sort(), file)
      for (const [name, member] of deb.members)
        assert.equal(sha256(member.bytes), sha256(readFileSync(join(control, name))))
    }
  })
})

describe('the real Packages of bookworm', () => {
  const archive = process.env.APTROOT_TEST_ARCHIVE
  const path = join(archive ?? '', 'debian/dists/bookworm/main/binary-amd64/Packages.xz')
  const absent = archive === undefined ? 'APTROOT_TEST_ARCHIVE is not set' : missing('xz')

  test('are the same by our xz and by xz(1), and have one stanza for each Package line', async context => {
    if (skippedForWantOf(absent)) return context.skip()
    const text = run('xz', '-dc', path)
    const unpacked = await decompressBytes('xz', readFileSync(path), { name: 'Packages.xz', maximumBytes: 2 ** 30 })
    assert.equal(sha256(unpacked), sha256(text))
    assert.equal(scanStanzas(unpacked).count, text.toString('latin1').match(/^Package: /gm)?.length)
  })
})
