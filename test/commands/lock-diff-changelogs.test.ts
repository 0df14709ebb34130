import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Ajv } from 'ajv'
import { describe, test } from 'vitest'
import { type LockedDeb, writeLockfile } from '../../src/lockfile/index.ts'
import type { Review } from '../../src/review/index.ts'
import { runAptroot } from '../support/aptroot-program.ts'
import { buildDeb, type DebEntry } from '../support/deb-builder.ts'
import { lockedDeb, lockWith } from '../support/lock-values.ts'
import { quietSession } from '../support/scratch.ts'
import { scratchStore } from '../support/stored-debs.ts'

const trailer = ' -- Ada Lovelace <ada@example.org>  Sat, 07 Sep 2024 11:00:00 +0200\n\n'
const upload = (source: string, version: string, ...lines: readonly string[]) =>
  `${source} (${version}) bookworm-security; urgency=high\n\n${lines.map(line => `  ${line}\n`).join('')}\n${trailer}`
const document = (name: string, file: string, text: string): DebEntry => ({
  kind: 'file',
  path: `/usr/share/doc/${name}/${file}`,
  content: file.endsWith('.gz') ? gzipSync(text) : text,
})

interface Stored {
  readonly source?: string
  readonly sourceVersion?: string
  readonly files: readonly DebEntry[]
  /** Not in the store. */
  readonly place?: 'nowhere'
}

/** Two locks: `before` without any deb at hand, `after` with what is given. */
async function project(before: Readonly<Record<string, string>>, after: Readonly<Record<string, Stored>>) {
  const store = await scratchStore()
  const folder = join(store.folder, '..')
  const older: LockedDeb[] = []
  const newer: LockedDeb[] = []
  for (const [title, { source, sourceVersion, files, place }] of Object.entries(after)) {
    const [name = '', version = ''] = title.split(' ')
    const bytes = buildDeb({ control: { Package: name, Version: version }, files })
    const blob =
      place === 'nowhere' ? { sha256: 'f'.repeat(64), sizeBytes: 1 } : await store.putBytes(bytes, quietSession())
    const parts = { sourceName: source ?? name, root: 'wanted' } as const
    newer.push(lockedDeb(`${name}:amd64=${version}`, { ...parts, ...blob, sourceVersion: sourceVersion ?? version }))
    older.push(
      lockedDeb(`${name}:amd64=${before[name]}`, {
        ...parts,
        sourceVersion: before[name]?.replace(/\+b\d$/, '') ?? '',
      }),
    )
  }
  writeFileSync(join(folder, 'old.lock'), writeLockfile(lockWith(older)))
  writeFileSync(join(folder, 'aptroot.lock'), writeLockfile(lockWith(newer)))
  return (...words: string[]) =>
    runAptroot(['lock', 'diff', 'old.lock', '--changelogs', '--offline', ...words], {
      folder,
      environment: { APTROOT_STORE: store.folder },
    })
}

const changelog = (source: string) =>
  upload(source, '1.0-2', '* Fix CVE-2024-1111. (Closes: #12, #34)', '* LP: #56') + upload(source, '1.0-1', '* First.')

describe('lock diff --changelogs', () => {
  test('tells the entries between the two versions, with CVEs and bugs', async () => {
    const diff = await project(
      { tool: '1.0-1' },
      { 'tool 1.0-2': { files: [document('tool', 'changelog.Debian.gz', changelog('tool'))] } },
    )
    const { output } = await diff()
    assert.match(output, /^ {2}tool, as tool:amd64 1\.0-2 tells it:$/m)
    assert.match(
      output,
      /^ {4}1\.0-2, bookworm-security, urgency high, Sat, 07 Sep 2024 11:00:00 \+0200: CVE-2024-1111; closes bug 12, 34; closes LP bug 56$/m,
    )
    assert.match(output, /^ {8}\* Fix CVE-2024-1111/m)
    assert.doesNotMatch(output, /First/)
    const markdown = (await diff('--format', 'markdown')).output
    assert.match(markdown, /<summary>tool: 1 entry<\/summary>/)
    assert.match(markdown, /\[CVE-2024-1111\]\(https:\/\/security-tracker\.debian\.org\/tracker\/CVE-2024-1111\)/)
    const review: Review = JSON.parse((await diff('--format', 'json')).output)
    const schema = JSON.parse(readFileSync(new URL('../../schema/lock-diff.schema.json', import.meta.url), 'utf8'))
    const accepts = new Ajv().compile(schema)
    assert.ok(accepts({ ...review }), JSON.stringify(accepts.errors))
    const [first] = review.changelogs ?? []
    assert.deepEqual(first?.kind === 'known' ? first.cves : undefined, ['CVE-2024-1111'])
  })

  test('reads one changelog for each source, also where the documents are those of another of its packages', async () => {
    const diff = await project(
      { libtool1: '1.0-1', 'tool-data': '1.0-1' },
      {
        'libtool1 1.0-2': {
          source: 'tool',
          files: [{ kind: 'symlink', path: '/usr/share/doc/libtool1', target: 'tool-data' }],
        },
        'tool-data 1.0-2': {
          source: 'tool',
          files: [
            document('tool-data', 'changelog.Debian.gz', changelog('tool')),
            { kind: 'file', path: '/usr/share/tool', content: Buffer.from('a large file'.repeat(5000)) },
          ],
        },
      },
    )
    const { output } = await diff()
    assert.equal(output.match(/Fix CVE-2024-1111/g)?.length, 1)
  })

  test('knows native packages, and rebuilds by the changelog of the architecture', async () => {
    const diff = await project(
      { native: '1.0', rebuilt: '1.0-1' },
      {
        'native 1.1': {
          files: [
            document('native', 'changelog.gz', upload('native', '1.1', '* New.') + upload('native', '1.0', '* Old.')),
          ],
        },
        'rebuilt 1.0-1+b1': {
          sourceVersion: '1.0-1',
          files: [
            document(
              'rebuilt',
              'changelog.Debian.amd64.gz',
              upload('rebuilt', '1.0-1+b1', '* Binary-only non-maintainer upload; no source changes.'),
            ),
            document('rebuilt', 'changelog.Debian.gz', upload('rebuilt', '1.0-1', '* Source.')),
          ],
        },
      },
    )
    const { output } = await diff()
    assert.match(output, /\* New\./)
    assert.match(output, /\* Binary-only non-maintainer upload/)
    assert.doesNotMatch(output, /Old|\* Source/)
  })

  test('says what is not known: no deb, no changelog, one of something else, one that was cut', async () => {
    const diff = await project(
      { gone: '1.0-1', mute: '1.0-1', other: '1.0-1', cut: '1.0-1' },
      {
        'gone 1.0-2': { files: [], place: 'nowhere' },
        'mute 1.0-2': { files: [] },
        'other 1.0-2': { files: [document('other', 'changelog.Debian.gz', upload('other', '9.9-1', '* x'))] },
        'cut 1.0-3': { files: [document('cut', 'changelog.Debian', upload('cut', '1.0-3', '* x'))] },
      },
    )
    const { output } = await diff()
    assert.match(output, /^ {2}gone: not known, since none of its debs is at hand$/m)
    assert.match(output, /^ {2}mute: not known, since its debs have no changelog$/m)
    assert.match(
      output,
      /^ {2}other: not known, since the changelog of other:amd64 1\.0-2 begins with version 9\.9-1$/m,
    )
    assert.match(output, /the changelog of the deb ends here, before it reaches the older version$/m)
  })

  test('shows hostile text as text, and no more of it than a review needs', async () => {
    const evil = [
      '* <script>alert(1)</script> ![](http://evil.example.org/x.png) @everyone #1',
      '* \u001b[2J\u001b]0;title\u0007 \u202ereversed\u202c ```',
      '# heading ``` </details> <!--',
      '+ added',
      ...Array.from({ length: 5000 }, (_, at) => `* line ${at} CVE-2024-${10_000 + at}`),
      `* ${'x'.repeat(10_000_000)}`,
    ]
    const diff = await project(
      { evil: '1.0-1' },
      { 'evil 1.0-2': { files: [document('evil', 'changelog.Debian.gz', upload('evil', '1.0-2', ...evil))] } },
    )
    const text = (await diff()).output
    assert.doesNotMatch(text, /[\u001b\u0007\u202e]/)
    assert.ok(text.length < 60_000, `${text.length} characters`)
    const markdown = (await diff('--format', 'markdown')).output
    assert.ok(markdown.length < 65_536)
    const outside = markdown.replaceAll(/^(`{3,})diff\n[\s\S]*?^\1$/gm, '')
    assert.doesNotMatch(outside, /script|@everyone|evil\.example|<!--/)
    assert.match(markdown, /^````+diff$/m, 'the fence is longer than any run of backticks inside')
    const review: Review = JSON.parse((await diff('--format', 'json')).output)
    const [first] = review.changelogs ?? []
    assert.ok(first?.kind === 'known' && first.entries[0]?.lines.length === 100 && first.cves.length <= 500)
  })
})
