import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { indexPackages, openUniverse, type PackagesIndex } from '../../src/archive/index.ts'
import { indexFromSignedRelease } from '../../src/archive/verified-index.ts'
import { decompressBytes } from '../../src/codec/index.ts'
import type { PackageUniverse } from '../../src/debian/index.ts'

const sources = [
  { archive: 'debian', suite: 'bookworm', codename: 'bookworm', security: false },
  { archive: 'debian', suite: 'bookworm-updates', codename: 'bookworm-updates', security: false },
  { archive: 'debian-security', suite: 'bookworm-security', codename: 'bookworm-security', security: true },
] as const

/** The recorded bookworm, updates and security indexes of one architecture; the chain of trust has tests of its own. */
export async function frozenIndexes(architecture: string): Promise<readonly PackagesIndex[]> {
  return Promise.all(
    sources.map(async ({ archive, suite, codename, security }) => {
      const fileName = `${archive}/dists/${suite}/main/binary-${architecture}/Packages.xz`
      const packed = readFileSync(join(frozenFolder(), fileName))
      const bytes = await decompressBytes('xz', packed, { name: fileName, maximumBytes: 256 * 1024 * 1024 })
      return indexPackages(
        indexFromSignedRelease({
          bytes,
          sha256: createHash('sha256').update(bytes).digest('hex'),
          origin: {
            archive,
            suite,
            component: 'main',
            architecture,
            security,
            fileName,
            release: {
              origin: 'Debian',
              label: 'Debian',
              suite: suite.replace('bookworm', 'oldstable'),
              codename,
              version: '12',
              notAutomatic: false,
              butAutomaticUpgrades: false,
              host: 'mirror.example.org',
              at: '20261120T000000Z',
            },
          },
        }),
      )
    }),
  )
}

export async function frozenUniverse(
  nativeArchitecture: string,
  foreignArchitectures: readonly string[] = [],
): Promise<PackageUniverse> {
  const indexes = await Promise.all([nativeArchitecture, ...foreignArchitectures].map(frozenIndexes))
  return openUniverse({ nativeArchitecture, foreignArchitectures, indexes: indexes.flat() })
}

/** Reference answers lie beside the recorded indexes. */
export function expectedSet(oracle: string, name: string): readonly string[] {
  return readFileSync(join(dirname(frozenFolder()), 'expected-sets', oracle, `${name}.list`), 'utf8')
    .trim()
    .split('\n')
}

export function frozenFolder(): string {
  const folder = process.env.APTROOT_TEST_ARCHIVE
  if (folder === undefined) throw new Error('APTROOT_TEST_ARCHIVE is not set')
  return folder
}
