import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { decompressBytes } from '../../src/codec/index.ts'
import { compareVersions } from '../../src/debian/index.ts'
import { type DebChange, diffLockfiles, readLockfile } from '../../src/lockfile/index.ts'
import { lineDifference } from '../../src/review/index.ts'
import { runAptroot } from '../support/aptroot-program.ts'
import { frozenArchive, missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { signedSuite } from '../support/signed-suite.ts'
import { makeTestKey } from '../support/signing.ts'

const bodies = new URL('../../fixtures/replayed-nights/', import.meta.url)

/** One stanza of an index. */
interface Listed {
  readonly name: string
  readonly version: string
  readonly source: string
  readonly text: string
}

function listedIn(index: string): readonly Listed[] {
  return index
    .split('\n\n')
    .filter(text => text.trim() !== '')
    .map(text => {
      const field = (name: string) => new RegExp(`^${name}: (\\S+)`, 'm').exec(text)?.[1]
      const name = field('Package') ?? ''
      return { name, version: field('Version') ?? '', source: field('Source') ?? name, text: text.trim() }
    })
}

/** What the two suites list on one day. */
interface Night {
  readonly main: readonly Listed[]
  readonly security: readonly Listed[]
}

/** `from` and `directory`. */
function movedLines(change: DebChange): number {
  return change.kind === 'upgraded' && change.before.from !== change.after.from ? 2 : 0
}

/** A line for each dependency that came or went, and one where a rebuild (`+bN`) has a version of its own. */
function ownLines(change: DebChange, sign: string): number {
  if (change.kind === 'added' || change.kind === 'removed') return 0
  const [had, has] = sign === '-' ? [change.after, change.before] : [change.before, change.after]
  const needs = has.needs.filter(each => !had.needs.includes(each)).length
  return needs + (has.version === has.sourceVersion ? 0 : 1)
}

const newestOf = (listed: readonly Listed[]) => {
  const newest = new Map<string, string>()
  for (const { name, version } of listed) {
    const other = newest.get(name)
    if (other === undefined || compareVersions(version, other) > 0) newest.set(name, version)
  }
  return newest
}

describe.skipIf(skippedForWantOf(missingForRealData()))('a lock of bookworm, night after night', () => {
  let folder = ''
  let key: PrivateKey
  let frozen: Night = { main: [], security: [] }
  /** Of security what main does not have that new: a fix until the next point release. */
  let fixes: readonly Listed[] = []
  let day = 0

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aptroot-nights-'))
    key = await makeTestKey({ name: 'Archive' })
    const archive = await frozenArchive(join(folder, 'frozen'))
    const read = async (suite: string) => {
      const packed = await readFile(join(archive.folder, suite, 'main/binary-amd64/Packages.xz'))
      const bytes = await decompressBytes('xz', packed, { name: suite, maximumBytes: 2 ** 28 })
      return listedIn(new TextDecoder().decode(bytes))
    }
    frozen = {
      main: await read('debian/dists/bookworm'),
      security: await read('debian-security/dists/bookworm-security'),
    }
    const inMain = newestOf(frozen.main)
    fixes = frozen.security.filter(({ name, version }) => {
      const has = inMain.get(name)
      return has !== undefined && compareVersions(version, has) > 0
    })
    await mkdir(join(folder, 'keys'))
    await writeFile(join(folder, 'keys/test.asc'), key.toPublic().armor())
    await writeFile(
      join(folder, 'aptroot.yaml'),
      `manifest: 1
architectures: [amd64]
archives:
  - {id: debian, uri: "file://${folder}/debian", suites: [bookworm], components: [main], signed-by: keys/test.asc}
  - {id: debian-security, uri: "file://${folder}/debian-security", suites: [bookworm-security], components: [main], signed-by: keys/test.asc, security: true}
base: required
exclude: [usrmerge]
packages: [nginx, openssl, curl, python3, git]
image: {configure: none}
`,
    )
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function publish({ main, security }: Night): Promise<void> {
    day++
    for (const [place, codename, listed] of [
      ['debian/dists/bookworm', 'bookworm', main],
      ['debian-security/dists/bookworm-security', 'bookworm-security', security],
    ] as const) {
      const date = new Date(Date.UTC(2026, 0, day, 10))
      const files = await signedSuite({
        folder: place,
        forms: ['plain'],
        served: 'by-name',
        indexes: { 'main/binary-amd64': `${listed.map(each => each.text).join('\n\n')}\n` },
        fields: { Suite: codename, Codename: codename, Date: date.toUTCString().replace('GMT', 'UTC') },
        keys: [key],
        date,
      })
      for (const [path, bytes] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true })
        await writeFile(join(folder, path), bytes)
      }
    }
  }

  const run = async (...words: string[]) => {
    const result = await runAptroot(words, { folder, environment: { APTROOT_STORE: join(folder, 'store') } })
    assert.equal(result.exitCode, 0, result.errorOutput)
    return result.output
  }
  const lock = () => readFile(join(folder, 'aptroot.lock'), 'utf8')

  /** Locks that night; what it was before is `old.lock`. */
  async function night(state: Night): Promise<{ readonly before: string; readonly after: string }> {
    const before = await lock().catch(() => '')
    await writeFile(join(folder, 'old.lock'), before)
    await copyFile(join(folder, 'aptroot.yaml'), join(folder, 'old.yaml'))
    await publish(state)
    await run('lock', 'update', '--as-of', '2026-02-01')
    return { before, after: await lock() }
  }

  /** Of each source two lines, of each deb two more, and two more where the origin moves; one more for a rebuild, and what it needs, where that changed. */
  async function assertFewLines(before: string, after: string): Promise<void> {
    const { sources, keys } = diffLockfiles(await readLockfile(before, 'a'), await readLockfile(after, 'b'))
    assert.deepEqual(keys, [])
    const lines = lineDifference(before, after)
    for (const sign of ['-', '+']) {
      const allowed = sources.reduce(
        (sum, { debs }) =>
          sum +
          2 +
          Math.max(0, ...debs.map(each => movedLines(each))) +
          debs.reduce((all, each) => all + 2 + ownLines(each, sign), 0),
        0,
      )
      const touched = lines.filter(line => line.startsWith(sign))
      assert.ok(touched.length <= allowed, `${touched.length} lines, more than ${allowed}:\n${touched.join('\n')}`)
    }
  }

  /** Kept, so that people can read them; APTROOT_ACCEPT=yes writes them anew. */
  async function assertBody(name: string): Promise<void> {
    for (const [format, ending] of [
      ['text', 'txt'],
      ['markdown', 'md'],
    ] as const) {
      const body = await run('lock', 'diff', 'old.lock', '--format', format)
      const path = new URL(`${name}.${ending}`, bodies)
      if (process.env.APTROOT_ACCEPT !== undefined) await writeFile(path, body)
      assert.equal(body, await readFile(path, 'utf8'))
    }
  }

  /** One fix is there from the first night on, so that the lock knows the key of the security archive. */
  const early = 'openssl'
  const withoutFixes = () => {
    const later = new Set(fixes.filter(each => each.source !== early).map(each => each.text))
    return frozen.security.filter(each => !later.has(each.text))
  }

  test('a first lock, then 500 changes of other packages: not a byte of it moves', async () => {
    const { after } = await night({ main: frozen.main, security: withoutFixes() })
    const locked = new Set((await readLockfile(after, 'a')).debs.map(deb => deb.sourceName))
    let changed = 0
    const main = frozen.main.map(each => {
      // Without relations, so that nothing in the closure can see them.
      if (locked.has(each.source) || changed >= 500 || /^(Provides|Essential|Priority: required)/m.test(each.text))
        return each
      changed++
      const text = each.text.replace(/^Version: (.*)$/m, 'Version: $1+really1').replace(/^SHA256: ./m, 'SHA256: f')
      return { ...each, text }
    })
    assert.equal(changed, 500)
    const again = await night({ main, security: withoutFixes() })
    assert.equal(again.after, again.before)
    assert.match(await run('lock', 'diff', 'old.lock'), /^No difference\.$/m)
  })

  test('one fix touches the lines of its debs, and its review says so', async () => {
    const locked = new Set((await readLockfile(await lock(), 'a')).debs.map(deb => deb.sourceName))
    const [source] = [...new Set(fixes.map(each => each.source))]
      .filter(each => locked.has(each) && each !== early)
      .sort()
    assert.ok(source !== undefined, 'the recorded indexes have a fix for the closure')
    const fixed = fixes.filter(each => each.source === source)
    const { before, after } = await night({ main: frozen.main, security: [...withoutFixes(), ...fixed] })
    assert.notEqual(after, before)
    await assertFewLines(before, after)
    await assertBody('one-fix')
  })

  test('all other fixes of the recorded day', async () => {
    const { before, after } = await night(frozen)
    await assertFewLines(before, after)
    await assertBody('all-fixes')
  })

  test('a point release moves every fix into main, and the older versions stay listed: not a byte moves', async () => {
    const moved = fixes.map(each => ({
      ...each,
      text: each.text.replace(/^Filename: pool\/updates\//m, 'Filename: pool/'),
    }))
    const { before, after } = await night({ main: [...frozen.main, ...moved], security: withoutFixes() })
    assert.equal(after, before)
  })
})
