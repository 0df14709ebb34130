import { unreachable } from '../kernel/index.ts'
import type { MergedUsr } from './merge-request.ts'
import type { RootTree } from './root-tree.ts'

/** Library folders of other word sizes, beside `lib`, that a release for this architecture links into `/usr`. */
const libraryDirectories: Readonly<Record<string, readonly string[]>> = {
  amd64: ['lib32', 'lib64', 'libx32'],
  i386: ['lib64', 'libx32'],
  loong64: ['lib64'],
  mips: ['lib32', 'lib64'],
  mipsel: ['lib32', 'lib64'],
  mips64: ['lib32', 'lib64', 'libo32'],
  mips64el: ['lib32', 'lib64', 'libo32'],
  powerpc: ['lib64'],
  ppc64: ['lib32', 'lib64'],
  ppc64el: ['lib64'],
  s390x: ['lib32'],
  sparc: ['lib64'],
  sparc64: ['lib32', 'lib64'],
  x32: ['lib32', 'lib64', 'libx32'],
}

/**
 * The folders below the root that become links into `/usr`, in byte order, as debootstrap makes them for an architecture.
 *
 * @see debootstrap's setup_merged_usr
 */
export function mergedUsrDirectories(architecture: string): readonly string[] {
  return ['bin', 'lib', ...(libraryDirectories[architecture] ?? []), 'sbin']
}

/** Makes the links and the folders that they lead to, before the first deb. */
export function placeMergedUsr(tree: RootTree, mergedUsr: MergedUsr, modifiedSeconds: number): void {
  switch (mergedUsr.kind) {
    case 'unmerged':
      return
    case 'merged':
      for (const name of mergedUsr.directories) {
        tree.makeDirectories(`usr/${name}`)
        const target = `usr/${name}`
        tree.place(name, { kind: 'symlink', target, mode: 0o777, userId: 0, groupId: 0, modifiedSeconds })
      }
      return
    default:
      unreachable(mergedUsr)
  }
}
