import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, test } from 'vitest'
import { skippedForWantOf } from '../support/real-archive.ts'
import { scratchFolder } from '../support/scratch.ts'

const run = promisify(execFile)
const fixtures = join(import.meta.dirname, '../../fixtures')
const absent = ['/usr/bin/apt-get', '/usr/bin/dpkg-deb', '/usr/bin/gpgv'].filter(path => !existsSync(path))
const missing = absent.length === 0 ? undefined : `${absent.join(', ')} not installed`

/** An apt that knows the demo archives and nothing of this host. */
async function privateApt(securityState: string): Promise<{ readonly APT_CONFIG: string }> {
  const folder = await scratchFolder()
  for (const name of ['etc', 'state/lists/partial', 'cache/archives/partial', 'log', 'none'])
    await mkdir(join(folder, name), { recursive: true })
  const line = (archive: string, suite: string) =>
    `deb [signed-by=${fixtures}/keys/demo-archive.asc] file:${fixtures}/archive/${archive} ${suite} main\n`
  await writeFile(join(folder, 'etc/sources.list'), line('demo', 'stable') + line(securityState, 'stable-security'))
  await writeFile(join(folder, 'status'), '')
  const settings = {
    Dir: '/',
    'Dir::Etc': `${folder}/etc`,
    'Dir::Etc::sourceparts': `${folder}/none`,
    'Dir::Etc::parts': `${folder}/none`,
    'Dir::Etc::trusted': `${folder}/none/trusted.gpg`,
    'Dir::Etc::trustedparts': `${folder}/none`,
    'Dir::State': `${folder}/state`,
    'Dir::State::status': `${folder}/status`,
    'Dir::Cache': `${folder}/cache`,
    'Dir::Log': `${folder}/log`,
    'APT::Architecture': 'amd64',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  }
  const path = join(folder, 'apt.conf')
  await writeFile(
    path,
    `#clear APT::Architectures;\nAPT::Architectures { "amd64"; };\n${Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join('')}`,
  )
  return { APT_CONFIG: path }
}

describe.skipIf(skippedForWantOf(missing))('the demo archive, beside the real tools', () => {
  test('is verified and read by apt, which chooses the same providers', async () => {
    const environment = { ...process.env, ...(await privateApt('demo-security-updated')) }
    await run('apt-get', ['update'], { env: environment })
    const { stdout } = await run(
      'apt-get',
      ['install', '--simulate', '--no-install-recommends', 'base-files', 'bsd-mailx', 'libsort-naturally-perl'],
      { env: environment },
    )
    const chosen = [...stdout.matchAll(/^Inst (\S+)/gm)].map(match => match[1] ?? '').sort()
    assert.deepEqual(chosen, [
      'base-files',
      'bsd-mailx',
      'exim4',
      'libc-bin',
      'libc6',
      'libsort-naturally-perl',
      'libssl3',
      'mawk',
      'perl-base',
      'zlib1g',
    ])
    assert.match(stdout, /^Inst libssl3 \(3\.0\.15-1\+demo2 Demo-Security:stable-security/m)
  })

  test('has debs that dpkg-deb reads, none of them with scripts', async () => {
    const entries = await readdir(join(fixtures, 'archive'), { recursive: true })
    const debs = entries.filter(path => path.endsWith('.deb'))
    assert.ok(debs.length > 40)
    for (const deb of debs) {
      const path = join(fixtures, 'archive', deb)
      await run('dpkg-deb', ['--contents', path])
      const { stdout } = await run('dpkg-deb', ['--info', path])
      assert.doesNotMatch(stdout, /^.*\*\s+(preinst|postinst|prerm|postrm|config)\b/m, deb)
    }
  })
})
