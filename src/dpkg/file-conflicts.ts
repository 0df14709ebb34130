import { satisfies } from '../debian/index.ts'
import { unreachable } from '../kernel/index.ts'
import type { TreeEntry } from '../tree/index.ts'
import type { PackageFacts } from './package-facts.ts'

/** Instances of one Multi-Arch: same package share files; the resolver gives them one version. */
export function isOtherInstance(self: PackageFacts, other: PackageFacts): boolean {
  return self.name === other.name && self.deb.multiArch === 'same' && other.deb.multiArch === 'same'
}

export function decideByReplaces(self: PackageFacts, other: PackageFacts): 'ours-stay' | 'theirs-stay' | undefined {
  if (doesReplace(self, other)) return 'ours-stay'
  return doesReplace(other, self) ? 'theirs-stay' : undefined
}

/** Real names only: Provides do not count for files (Debian Policy 7.6.1). */
function doesReplace(replacing: PackageFacts, replaced: PackageFacts): boolean {
  return replacing.replaces.some(
    ({ packageName, constraint }) =>
      packageName === replaced.name && (constraint === undefined || satisfies(replaced.deb.version, constraint)),
  )
}

export function isSameObject(before: TreeEntry, entry: TreeEntry): boolean {
  switch (entry.kind) {
    case 'file':
      return before.kind === 'file' && before.content.sha256 === entry.content.sha256
    case 'symlink':
      return before.kind === 'symlink' && before.target === entry.target
    case 'character-device':
    case 'block-device':
      return before.kind === entry.kind && before.major === entry.major && before.minor === entry.minor
    case 'directory':
    case 'fifo':
      return before.kind === entry.kind
    default:
      return unreachable(entry)
  }
}
