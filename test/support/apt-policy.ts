import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What `apt-cache policy` says of one package. */
export interface AptPolicy {
  /** Undefined: `(none)`. */
  readonly candidate: string | undefined
  readonly priorities: ReadonlyMap<string, number>
}

/** An apt with lists, caches and configuration of its own, and nothing installed. */
export interface PolicyApt {
  /**
   * @param preferences text of a preferences file
   * @param state lines of apt.conf, and dpkg's status file; default: nothing and empty
   * @returns by the name that was asked for, such as `nginx` or `libc6:i386`
   */
  policies(
    names: readonly string[],
    preferences: string,
    state?: { readonly settings: readonly string[]; readonly status: string },
  ): Promise<ReadonlyMap<string, AptPolicy>>
}

/**
 * Runs `apt-get update` of these sources; all of it stays below the folder.
 *
 * @param sources text of sources.list
 * @param architectures native first
 */
export async function policyApt(
  folder: string,
  sources: string,
  architectures: readonly [string, ...string[]],
): Promise<PolicyApt> {
  await rm(folder, { recursive: true, force: true })
  for (const each of ['var/lib/apt/lists/partial', 'var/cache/apt/archives/partial'])
    await mkdir(join(folder, each), { recursive: true })
  for (const each of ['apt.conf.d', 'preferences.d', 'sources.list.d', 'trusted.gpg.d'])
    await mkdir(join(folder, 'etc/apt', each), { recursive: true })
  await writeFile(join(folder, 'etc/apt/sources.list'), sources)
  await writeFile(join(folder, 'status'), '')
  const configure = (settings: readonly string[]) =>
    writeFile(
      join(folder, 'apt.conf'),
      [
        `Dir "${folder}";`,
        `Dir::State::status "${folder}/status";`,
        `APT::Architecture "${architectures[0]}";`,
        `APT::Architectures { ${architectures.map(each => `"${each}";`).join(' ')} };`,
        'APT::Sandbox::User "root";',
        'Acquire::Languages "none";',
        ...settings,
        '',
      ].join('\n'),
    )
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C.UTF-8' }
  await configure([])
  await run('apt-get', ['-qq', 'update'], { env })
  return {
    async policies(names, preferences, { settings, status } = { settings: [], status: '' }) {
      await configure(settings)
      await writeFile(join(folder, 'status'), status)
      await writeFile(join(folder, 'etc/apt/preferences'), preferences)
      const { stdout } = await run('apt-cache', ['policy', ...names], { env })
      return parsePolicies(stdout)
    },
  }
}

function parsePolicies(output: string): ReadonlyMap<string, AptPolicy> {
  const found = new Map<string, AptPolicy>()
  for (const [, name = '', block = ''] of output.matchAll(/^(\S+):\n((?: .*\n)*)/gm)) {
    const candidate = /^ {2}Candidate: (\S+)$/m.exec(block)?.[1]
    const versions = [...block.matchAll(/^ (?: {4}|\*\*\* )(\S+) (-?\d+)(?: \(phased \d+%\))?$/gm)]
    found.set(name, {
      candidate: candidate === '(none)' ? undefined : candidate,
      priorities: new Map(versions.map(([, version = '', priority]) => [version, Number(priority)])),
    })
  }
  return found
}
