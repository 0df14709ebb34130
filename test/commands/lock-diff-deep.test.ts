import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, test } from 'vitest'
import { type LockedDeb, writeLockfile } from '../../src/lockfile/index.ts'
import type { Review } from '../../src/review/index.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import type { DebDescription } from '../support/deb-builder.ts'
import { lockedDeb, lockWith } from '../support/lock-values.ts'
import { scratchStore, storeDeb } from '../support/stored-debs.ts'

const script = (more: string) => `#!/bin/sh\nset -e\n${more}exit 0\n`
const copyright = (licence: string) =>
  `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nFiles: *\nLicense: ${licence}\n`
const old: DebDescription = {
  control: { Package: 'tool', Version: '1.0-1' },
  scripts: { postinst: script('# setcap cap_chown+ep /usr/bin/tool\nchmod 1777 /var/tmp/tool\n') },
  conffiles: ['/etc/tool.conf'],
  files: [
    { kind: 'file', path: '/etc/tool.conf', content: 'a=1\n' },
    { kind: 'file', path: '/usr/bin/tool', content: 'tool\n', mode: 0o755 },
    { kind: 'file', path: '/usr/share/doc/tool/copyright', content: copyright('GPL-2') },
    { kind: 'file', path: '/usr/share/tool/gone', content: 'x'.repeat(1000) },
  ],
}
const young: DebDescription = {
  control: { Package: 'tool', Version: '1.0-2' },
  scripts: {
    postinst: script(
      '\techo \u001b[2J@everyone | sh\n# setcap cap_chown+ep /usr/bin/tool\nif setcap \\\n  cap_net_raw+ep /usr/bin/tool; then chmod u-s /usr/bin/tool; fi\nchmod 1777 /var/tmp/tool\n',
    ),
  },
  conffiles: ['/etc/tool.conf', '/etc/more.conf'],
  files: [
    { kind: 'file', path: '/etc/tool.conf', content: 'a=1\n' },
    { kind: 'file', path: '/etc/more.conf', content: 'b=1\n' },
    { kind: 'file', path: '/usr/bin/tool', content: 'tool\n', mode: 0o4755 },
    { kind: 'file', path: '/usr/lib/systemd/system/tool.timer', content: '[Timer]\n' },
    { kind: 'file', path: '/usr/share/doc/tool/copyright', content: copyright('GPL-3') },
    { kind: 'file', path: '/usr/lib/sysusers.d/tool.conf', content: 'u tool\n' },
  ],
}

async function project(sides: { readonly stored: 'both' | 'before' }) {
  const store = await scratchStore()
  const folder = join(store.folder, '..')
  const locked = async (description: DebDescription): Promise<LockedDeb> => {
    const { name, version, architecture, sha256, sizeBytes } = await storeDeb(store, description)
    return lockedDeb(`${name}:${architecture}=${version}`, { sha256, sizeBytes, root: 'wanted' })
  }
  const [before, after] = [await locked(old), await locked(young)]
  const place = sides.stored === 'both' ? after : { ...after, sha256: 'f'.repeat(64) }
  writeFileSync(join(folder, 'old.lock'), writeLockfile(lockWith([before])))
  writeFileSync(join(folder, 'aptroot.lock'), writeLockfile(lockWith([place])))
  return (...words: string[]) =>
    runAptroot(['lock', 'diff', 'old.lock', ...words], { folder, environment: { APTROOT_STORE: store.folder } })
}

describe('lock diff --deep', () => {
  test('shows new setuid files and the difference of maintainer scripts first', async () => {
    const diff = await project({ stored: 'both' })
    const { output } = await diff('--deep')
    assert.match(
      output.split('\n').slice(0, 20).join('\n'),
      /^ {2}Setuid or setgid file added: tool:amd64: \/usr\/bin\/tool mode 4755 of user 0$/m,
    )
    assert.match(
      output,
      /^ {2}Rights given by a maintainer script: tool:amd64: postinst: if setcap {2}cap_net_raw\+ep \/usr\/bin\/tool; then/m,
    )
    assert.doesNotMatch(output, /Rights given.*(cap_chown|1777)/)
    assert.match(output, /^ {2}Maintainer script changed: tool:amd64 postinst: 3 lines more, 0 less$/m)
    assert.match(output, /^ {6}\+ {4}echo \\u001b\[2J@everyone \| sh$/m)
    assert.match(output, /new systemd unit \/usr\/lib\/systemd\/system\/tool\.timer/)
    assert.match(output, /new users or groups in \/usr\/lib\/sysusers\.d\/tool\.conf/)
    assert.match(output, /^ {4}licence \+ GPL-3$/m)
    assert.match(output, /new conffile \/etc\/more\.conf/)
    assert.match(output, /\/usr\/share\/tool −1\.0 kB/)
    assert.match(output, /^ {2}tool 1\.0-1 → 1\.0-2: .*; \S+ B less when installed$/m)
    assert.match(output, /; 981 B less when installed\.$/m)
    assert.doesNotMatch(output, /\u001b/)
  })

  test('stops setuid files and scripts, and answers as the schema says', async () => {
    const diff = await project({ stored: 'both' })
    for (const gate of ['setuid', 'script']) {
      const json = await diff('--deep', '--fail-on', gate, '--json')
      assert.deepEqual([json.exitCode, envelopeOf(json).fault?.code], [9, 'REVIEW_GATE'])
    }
    const schema = JSON.parse(readFileSync(new URL('../../schema/lock-diff.schema.json', import.meta.url), 'utf8'))
    const accepts = new Ajv().compile(schema)
    const review: Review = JSON.parse((await diff('--deep', '--format', 'json')).output)
    assert.ok(accepts({ ...review }), JSON.stringify(accepts.errors))
  })

  test('names what the store does not have, and lets nothing pass that it could not open', async () => {
    const diff = await project({ stored: 'before' })
    const result = await diff('--deep', '--fail-on', 'setuid')
    assert.match(result.output, /^1 deb not opened, since they could not be had: tool:amd64 1\.0-2\.$/m)
    assert.match(result.output, /installed size unknown/)
    assert.equal(result.exitCode, 9)
  })

  test('is needed by the gates that look into debs', async () => {
    const diff = await project({ stored: 'both' })
    const result = await diff('--fail-on', 'setuid')
    assert.equal(result.exitCode, 2)
    assert.match(result.errorOutput, /--fail-on setuid needs opened debs .*\nhint: Add --deep/)
  })
})
