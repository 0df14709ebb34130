import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** `apt-get WORDS`: its output, or an error with what it said. */
export type PrivateApt = (...words: string[]) => Promise<string>

/** apt with a configuration, lists and status of its own; nothing of this host's. Any failed index ends `update` with an error. */
export async function privateApt(
  folder: string,
  lines: readonly string[],
  architecture = 'amd64',
): Promise<PrivateApt> {
  const root = join(folder, 'apt')
  for (const each of [
    'etc/apt/apt.conf.d',
    'etc/apt/preferences.d',
    'etc/apt/trusted.gpg.d',
    'var/lib/apt/lists/partial',
  ])
    await mkdir(join(root, each), { recursive: true })
  await mkdir(join(root, 'var/cache/apt/archives/partial'), { recursive: true })
  await writeFile(join(root, 'etc/apt/sources.list'), `${lines.join('\n')}\n`)
  await writeFile(join(root, 'status'), '')
  const settings = [
    `Dir "${root}";`,
    `Dir::State::status "${root}/status";`,
    `APT::Architecture "${architecture}";`,
    `APT::Architectures { "${architecture}"; };`,
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    // Whatever is asked beyond loopback meets nobody.
    'Acquire::http::Proxy "http://127.0.0.1:9";',
    'Acquire::http::Proxy::127.0.0.1 "DIRECT";',
    'APT::Update::Error-Mode "any";',
  ]
  await writeFile(join(root, 'apt.conf'), `${settings.join('\n')}\n`)
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', APT_CONFIG: join(root, 'apt.conf'), LC_ALL: 'C.UTF-8' }
  const run = promisify(execFile)
  return async (...words) => (await run('apt-get', words, { env, cwd: folder, encoding: 'utf8' })).stdout
}
