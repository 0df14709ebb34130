import { createHash } from 'node:crypto'
import { Fault, groupBy, quoted } from '../../kernel/index.ts'
import type { OciOptions } from '../../manifest/index.ts'
import { firstNames, lastNameOf, type TreeEntry } from '../../tree/index.ts'
import type { SealedTree } from '../tar-bytes.ts'
import { groupsOfPackages, type PackageGroup } from './package-groups.ts'

export interface LayerPlan {
  /** What is in it, for the image's history. */
  readonly name: string
  readonly tree: ReadonlyMap<string, TreeEntry>
}

/** containerd and overlayfs stop at 127 layers; the difference is room for those who build on the image. */
const ownLayers = 60
const sharedLayers = 40

/**
 * The layers of an image, lowest first; unpacked one over the other they are the tree.
 *
 * `packages`: one for each source package, what changes rarely first, and at last one with everything that no package brought and
 * all folders. Package layers hold no folders: their times move with every update, and would give each layer a new digest. Of more
 * than 100 source packages the 60 largest have layers of their own; the others share 40 by a hash of their name, so that a new
 * package changes one layer.
 *
 * @throws {Fault} `TREE_PATH_UNSAFE` for a name that means a deletion in a layer (`.wh.…`)
 */
export async function planLayers(root: SealedTree, layers: OciOptions['layers']): Promise<readonly LayerPlan[]> {
  refuseWhiteouts(root.tree)
  if (layers === 'single') return [{ name: 'root', tree: root.tree }]
  const layerOfPath = new Map<string, string>()
  const names: string[] = []
  for (const { name, groups } of mergeGroups(await groupsOfPackages(root), root.tree)) {
    names.push(name)
    for (const path of groups.flatMap(each => each.paths)) layerOfPath.set(path, name)
  }
  // All names of a file lie where its first name does: a hard link cannot cross layers.
  for (const [path, first] of firstNames(root.tree)) {
    const layer = layerOfPath.get(first)
    if (layer === undefined) layerOfPath.delete(path)
    else layerOfPath.set(path, layer)
  }
  const byLayer = groupBy(root.tree, ([path]) => layerOfPath.get(path) ?? '')
  const planned = [...names, ''].map(layer => ({
    name: layer === '' ? 'everything else' : layer,
    tree: new Map(byLayer.get(layer) ?? []),
  }))
  return planned.filter(({ tree }) => tree.size > 0)
}

function mergeGroups(groups: readonly PackageGroup[], tree: ReadonlyMap<string, TreeEntry>) {
  if (groups.length <= ownLayers + sharedLayers) return groups.map(group => ({ name: group.source, groups: [group] }))
  const bySize = groups
    .map(group => ({ group, sizeBytes: sizeOf(group, tree) }))
    .sort((left, right) => right.sizeBytes - left.sizeBytes || (left.group.source < right.group.source ? -1 : 1))
  const large = new Set(bySize.slice(0, ownLayers).map(({ group }) => group))
  const shared = groupBy(
    groups.filter(group => !large.has(group)),
    ({ source }) =>
      `${1 + (createHash('sha256').update(source).digest().readUInt16BE(0) % sharedLayers)}`.padStart(2, '0'),
  )
  return [
    ...groups.filter(group => large.has(group)).map(group => ({ name: group.source, groups: [group] })),
    ...[...shared]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([bucket, members]) => ({ name: `small packages ${bucket}`, groups: members })),
  ]
}

function sizeOf({ paths }: PackageGroup, tree: ReadonlyMap<string, TreeEntry>): number {
  return paths.reduce((sum, path) => {
    const entry = tree.get(path)
    return sum + (entry?.kind === 'file' ? entry.content.sizeBytes : 0)
  }, 0)
}

/** @see OCI image specification, layer: whiteouts */
function refuseWhiteouts(tree: ReadonlyMap<string, TreeEntry>): void {
  for (const path of tree.keys())
    if (lastNameOf(path).startsWith('.wh.'))
      throw new Fault('TREE_PATH_UNSAFE', {
        message: `the path ${quoted(`/${Buffer.from(path, 'latin1').toString('utf8')}`)} would mean a deletion in a layer of an OCI image`,
        hint: 'Leave it out with `image: {exclude-paths: […]}`, or write another format.',
        context: { path: Buffer.from(path, 'latin1').toString('utf8') },
      })
}
