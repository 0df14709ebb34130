import type { TreeEntry } from '../../tree/index.ts'
import { type OutputTarget, outputUnwritable } from '../output-fault.ts'

type Tree = ReadonlyMap<string, TreeEntry>

/**
 * The tree as `ostree admin deploy` wants it:
 *
 * - `/etc` is `/usr/etc`, from which each deployment gets an /etc of its own;
 * - kernels and their initramfs are also `/usr/lib/modules/VERSION/vmlinuz` and `initramfs.img`, where ostree looks for them;
 * - `/sysroot` is where the real root is mounted, and `/ostree` leads into it.
 *
 * @returns in byte order of paths
 * @throws {Fault} `OUTPUT_UNWRITABLE` when the tree has a /usr/etc besides /etc
 */
export function deploymentLayout(tree: Tree, modifiedSeconds: number, target: OutputTarget): Tree {
  if (tree.has('etc') && tree.has('usr/etc'))
    throw outputUnwritable(
      target,
      'the tree has both /etc and /usr/etc, and ostree wants /etc to become /usr/etc',
      'Leave one out with `image: {exclude-paths: […]}`, or use `layout: plain`.',
    )
  const moved = new Map<string, TreeEntry>()
  for (const [path, entry] of tree) moved.set(/^etc(\/|$)/.test(path) ? `usr/${path}` : path, entry)
  const owner = { userId: 0, groupId: 0, modifiedSeconds }
  if (!moved.has('usr')) moved.set('usr', { kind: 'directory', mode: 0o755, ...owner })
  if (!moved.has('sysroot')) moved.set('sysroot', { kind: 'directory', mode: 0o755, ...owner })
  if (!moved.has('ostree')) moved.set('ostree', { kind: 'symlink', target: 'sysroot/ostree', mode: 0o777, ...owner })
  for (const [path, entry] of tree) {
    const [, kind, version] = /^boot\/(vmlinu[xz]|initrd\.img)-([^/]+)$/.exec(path) ?? []
    const folder = `usr/lib/modules/${version}`
    const name = `${folder}/${kind === 'initrd.img' ? 'initramfs.img' : 'vmlinuz'}`
    if (kind !== undefined && entry.kind === 'file' && moved.has(folder) && !moved.has(name)) moved.set(name, entry)
  }
  return new Map([...moved].sort(([left], [right]) => (left < right ? -1 : 1)))
}
