import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { createProcessRunner } from '../../src/adapters/process-runner.ts'
import { silentJournal } from '../../src/kernel/index.ts'
import { sidePlace } from '../../src/workflows/review-sides.ts'
import { readRevision } from '../../src/workflows/revision-file.ts'
import { readTextFile, replaceTextFile } from '../../src/workflows/text-file.ts'
import { assertFault } from '../support/assert-fault.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-text-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a text file', () => {
  test('that is missing is named, with what to do', async () => {
    const lock = await assertFault(
      readTextFile(join(folder, 'aptroot.lock'), 'LOCK_MISSING'),
      'LOCK_MISSING',
      /^aptroot\.lock does not exist$/,
    )
    assert.match(lock.hint ?? '', /lock update/)
    await assertFault(readTextFile(join(folder, 'aptroot.yaml'), 'MANIFEST_MISSING'), 'MANIFEST_MISSING')
  })

  test('must be a regular file of sane size in UTF-8: a pull request may hold anything', async () => {
    const path = join(folder, 'aptroot.lock')
    mkdirSync(path)
    await assertFault(readTextFile(path, 'LOCK_MISSING'), 'LOCK_MALFORMED', /no regular file/)
    rmSync(path, { recursive: true })
    symlinkSync('/dev/zero', path)
    await assertFault(readTextFile(path, 'LOCK_MISSING'), 'LOCK_MALFORMED', /no regular file/)
    rmSync(path)
    execFileSync('mkfifo', [path])
    await assertFault(readTextFile(path, 'LOCK_MISSING'), 'LOCK_MALFORMED', /no regular file/)
    rmSync(path)
    writeFileSync(path, Buffer.from([0x61, 0xff]))
    await assertFault(readTextFile(path, 'LOCK_MISSING'), 'LOCK_MALFORMED', /not UTF-8/)
    truncateSync(path, 65 * 1024 * 1024)
    await assertFault(readTextFile(path, 'MANIFEST_MISSING'), 'MANIFEST_MALFORMED', /more than/)
  })

  test('is replaced in one step and keeps its mode', async () => {
    const path = join(folder, 'aptroot.yaml')
    await replaceTextFile(path, 'one\n')
    chmodSync(path, 0o640)
    await replaceTextFile(path, 'two\n')
    assert.equal(readFileSync(path, 'utf8'), 'two\n')
    assert.equal(statSync(path).mode & 0o777, 0o640)
    assert.deepEqual(readdirSync(folder), ['aptroot.yaml'])
  })

  test('behind a symbolic link is replaced there', async () => {
    writeFileSync(join(folder, 'real.yaml'), 'one\n')
    symlinkSync('real.yaml', join(folder, 'aptroot.yaml'))
    await replaceTextFile(join(folder, 'aptroot.yaml'), 'two\n')
    assert.ok(lstatSync(join(folder, 'aptroot.yaml')).isSymbolicLink())
    assert.equal(readFileSync(join(folder, 'real.yaml'), 'utf8'), 'two\n')
  })

  test('that cannot be written leaves nothing behind', async () => {
    mkdirSync(join(folder, 'aptroot.yaml'))
    await assertFault(
      replaceTextFile(join(folder, 'aptroot.yaml'), 'x'),
      'OUTPUT_UNWRITABLE',
      /^cannot write aptroot\.yaml: /,
    )
    await assertFault(replaceTextFile(join(folder, 'none/aptroot.yaml'), 'x'), 'OUTPUT_UNWRITABLE', /ENOENT/)
    assert.deepEqual(readdirSync(folder), ['aptroot.yaml'])
  })
})

describe('a side of a comparison', () => {
  const session = { signal: new AbortController().signal, journal: silentJournal }
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...words], {
      cwd: folder,
      stdio: 'pipe',
    })
  const worldWith = (searchPath: string) => ({
    processRunner: createProcessRunner({ searchPath, maximumOutputBytes: 1_000_000 }),
    environment: { PATH: searchPath, HOME: folder },
    workingFolder: folder,
  })
  const read = async (side: string, searchPath = process.env.PATH ?? '') => {
    const place = await sidePlace(side, folder)
    if (place.kind === 'file') return { name: place.name, text: await readTextFile(place.lockPath, 'LOCK_MISSING') }
    return readRevision(side, join(folder, 'sub/aptroot.lock'), session, worldWith(searchPath))
  }

  beforeEach(() => {
    mkdirSync(join(folder, 'sub'))
    writeFileSync(join(folder, 'sub/aptroot.lock'), 'old\n')
    writeFileSync(join(folder, 'sub/other.lock'), 'other\n')
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'one')
    writeFileSync(join(folder, 'sub/aptroot.lock'), 'new\n')
  })

  test('is a file when there is one, else a revision', async () => {
    assert.deepEqual(await read('sub/aptroot.lock'), { name: 'sub/aptroot.lock', text: 'new\n' })
    assert.deepEqual(await read('HEAD'), { name: 'HEAD:./aptroot.lock', text: 'old\n' })
    assert.deepEqual(await read('HEAD:sub/other.lock'), { name: 'HEAD:sub/other.lock', text: 'other\n' })
  })

  test('is not run through a textconv that the repository brings', async () => {
    writeFileSync(join(folder, '.gitattributes'), '*.lock diff=evil filter=evil\n')
    git('config', 'diff.evil.textconv', 'touch evil; cat')
    git('config', 'filter.evil.smudge', 'touch evil; cat')
    assert.equal((await read('HEAD')).text, 'old\n')
    assert.ok(!readdirSync(folder).includes('evil') && !readdirSync(join(folder, 'sub')).includes('evil'))
  })

  test('that is neither is named as such, never taken for an option', async () => {
    for (const side of ['nonsense', 'HEAD~7', '--textconv', 'HEAD:none'])
      await assertFault(read(side), 'LOCK_MISSING', /is neither a file nor a revision/)
  })

  test('needs git only when it is no file', async () => {
    assert.equal((await read('sub/aptroot.lock', '/nonexistent')).text, 'new\n')
    await assertFault(read('HEAD', '/nonexistent'), 'PROGRAM_FAILED', /git is not on PATH/)
  })
})
