import { createHash } from 'node:crypto'
import { encodeUtf8 } from '../kernel/index.ts'
import { folderOf, type TreeEntry } from '../tree/index.ts'
import { ruleRemoving } from './seal-rules.ts'
import { firstBootOf } from './secrets.ts'

export interface SealedConfiguration {
  readonly tree: ReadonlyMap<string, TreeEntry>
  /** Bytes of the files that sealing made, by sha256. */
  readonly generated: ReadonlyMap<string, Uint8Array>
}

/**
 * A root after its scripts ran, without what belongs to one build or one machine: what a rule of `sealRules` names is gone,
 * `/etc/machine-id` is empty (systemd fills it at boot), and a unit makes at boot the secrets that were left out.
 *
 * @param wanted paths that the project itself brings: they stay as they are
 */
export function sealConfigured(
  tree: ReadonlyMap<string, TreeEntry>,
  modifiedSeconds: number,
  wanted: ReadonlySet<string>,
): SealedConfiguration {
  const sealed = new Map<string, TreeEntry>()
  const generated = new Map<string, Uint8Array>()
  const isRemoved = (path: string, kind: TreeEntry['kind']) =>
    !wanted.has(path) && ruleRemoving(path, kind) !== undefined
  for (const [path, entry] of tree) {
    // openssl finds a certificate by a link named after the hash of what is in it: without the file it says whose it was.
    const besides =
      entry.kind === 'symlink' && !wanted.has(path) && !entry.target.includes('/')
        ? `${folderOf(path)}/${entry.target}`
        : undefined
    const isOfRemoved = besides !== undefined && tree.get(besides)?.kind === 'file' && isRemoved(besides, 'file')
    if (!isRemoved(path, entry.kind) && !isOfRemoved) sealed.set(path, entry)
  }

  const attributes = { userId: 0, groupId: 0, modifiedSeconds }
  const put = (path: string, text: string, mode: number) => {
    const bytes = encodeUtf8(text)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    generated.set(sha256, bytes)
    const content = { sha256, sizeBytes: bytes.length }
    sealed.set(path, { kind: 'file', content, inode: undefined, mode, ...attributes })
  }
  // base-files links /var/lock there; without systemd nobody else makes it.
  if (sealed.get('var/lock')?.kind === 'symlink' && sealed.get('run')?.kind === 'directory' && !sealed.has('run/lock'))
    sealed.set('run/lock', { kind: 'directory', mode: 0o1777, ...attributes })
  if (sealed.get('etc/machine-id')?.kind === 'file' && !wanted.has('etc/machine-id')) put('etc/machine-id', '', 0o644)
  const firstBoot = firstBootOf(tree)
  if (firstBoot !== undefined) {
    const { unit, link } = firstBoot
    // systemd brings both folders; where a link stands in for one, its package decided against services.
    if (sealed.get(folderOf(unit.path))?.kind === 'directory') {
      put(unit.path, unit.text, 0o644)
      const wants = folderOf(link.path)
      if (!sealed.has(wants)) sealed.set(wants, { kind: 'directory', mode: 0o755, ...attributes })
      if (sealed.get(wants)?.kind === 'directory')
        sealed.set(link.path, { kind: 'symlink', target: link.target, mode: 0o777, ...attributes })
    }
  }
  return { tree: sealed, generated }
}
