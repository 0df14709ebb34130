import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { buildArchive } from './archive-builder.ts'

/** `'nginx 2': { Depends: 'nginx-common' }`: packages of `all` by name and version, with further control fields. */
export type PackagesByTitle = Readonly<Record<string, Readonly<Record<string, string>>>>

export interface ArchiveState {
  readonly main: PackagesByTitle
  readonly security?: PackagesByTitle
  /** Of both Releases; default: 15 January 2026. */
  readonly date?: Date
  /** Below the folder; default: the live state. A snapshot lies below `snapshot/TIMESTAMP`. */
  readonly place?: string
}

/** Archives with real debs, really signed: one of a release, and one of its security fixes. */
export async function publishTwoArchives(folder: string, key: PrivateKey, state: ArchiveState): Promise<void> {
  const { main, security = {}, date = new Date('2026-01-15T10:00:00Z'), place = 'live' } = state
  for (const [name, suite, packages] of [
    ['main', 'stable', main],
    ['security', 'stable-security', security],
  ] as const) {
    const files = await buildArchive([
      {
        suite,
        codename: 'trusty',
        date,
        label: 'Test',
        architectures: ['amd64'],
        packages: Object.entries(packages).map(([title, fields]) => {
          const [Package = '', Version = '1'] = title.split(' ')
          return {
            control: { Package, Version, Architecture: 'all', ...fields },
            files: [{ kind: 'file', path: `/usr/share/${Package}`, content: `${title}\n` }],
          }
        }),
        keys: [key],
      },
    ])
    for (const [path, bytes] of Object.entries(files)) {
      const target = join(folder, place, name, path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, bytes)
    }
  }
}

export interface ManifestRequest {
  /** `nginx, curl` */
  readonly packages: string
  /** Lines before `image:`, such as a policy. */
  readonly more?: string
  readonly snapshot?: 'none' | 'kept'
}

/** A manifest of both archives below the folder; the key lies in `keys/test.asc` beside it. */
export function twoArchivesManifest(
  folder: string,
  { packages, more = '', snapshot = 'none' }: ManifestRequest,
): string {
  const line = (id: string, suite: string, rest: string) => {
    const kept = snapshot === 'none' ? '' : `, snapshot: "file://${folder}/snapshot/{timestamp}/${id}"`
    return `  - {id: ${id}, uri: "file://${folder}/live/${id}", suites: [${suite}], components: [main], signed-by: keys/test.asc${kept}${rest}}\n`
  }
  return `manifest: 1
architectures: [amd64]
archives:
${line('main', 'stable', '')}${line('security', 'stable-security', ', security: true')}base: none
packages: [${packages}]
${more}image: {configure: none}
`
}
