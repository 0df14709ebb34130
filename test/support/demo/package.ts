import type { ArchivedPackage } from '../archive-builder.ts'
import type { DebEntry } from '../deb-builder.ts'

export const demoArchitectures = ['amd64', 'arm64'] as const

export type DemoArchitecture = (typeof demoArchitectures)[number]

/** Files of all demo packages were last changed then. */
const packagedSeconds = Date.UTC(2025, 8, 1) / 1000

export interface DemoPackage {
  /** Package, Version and whatever else is not the same for all. */
  readonly control: Readonly<Record<string, string>>
  readonly files: readonly DebEntry[]
  readonly conffiles?: readonly string[]
  readonly fileName?: string
}

/** The same package for every architecture, or for the named ones. */
export function forEach(
  describe: (architecture: DemoArchitecture, triplet: string) => DemoPackage,
  architectures: readonly DemoArchitecture[] = demoArchitectures,
): readonly ArchivedPackage[] {
  return architectures.map(each => packageOf(each, describe(each, triplets[each])))
}

export function forAll(described: DemoPackage): readonly ArchivedPackage[] {
  return [packageOf('all', described)]
}

export const directory = (path: string, mode = 0o755): DebEntry => ({ kind: 'directory', path, mode })
export const file = (path: string, content: string, mode = 0o644): DebEntry => ({ kind: 'file', path, content, mode })
export const program = (path: string, content = `a program, ${path}\n`): DebEntry => file(path, content, 0o755)
export const symlink = (path: string, target: string): DebEntry => ({ kind: 'symlink', path, target })
export const hardLink = (path: string, target: string): DebEntry => ({ kind: 'hard-link', path, target })

const triplets: Readonly<Record<DemoArchitecture, string>> = {
  amd64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
}

function packageOf(architecture: string, { control, files, conffiles, fileName }: DemoPackage): ArchivedPackage {
  const { Package = '', Source, Version = '', Description = '', ...others } = control
  return {
    control: {
      Package,
      ...(Source === undefined ? {} : { Source }),
      Version,
      Architecture: architecture,
      Maintainer: 'aptroot demo archive <demo@example.org>',
      'Installed-Size': String(installedKibibytes(files)),
      ...others,
      Description,
    },
    files,
    modifiedSeconds: packagedSeconds,
    ...(conffiles === undefined ? {} : { conffiles }),
    ...(fileName === undefined ? {} : { fileName }),
  }
}

/** As dpkg-gencontrol counts: files rounded up to KiB, 1 for anything else. */
function installedKibibytes(files: readonly DebEntry[]): number {
  return files.reduce((sum, each) => sum + (each.kind === 'file' ? Math.ceil(each.content.length / 1024) : 1), 0)
}
