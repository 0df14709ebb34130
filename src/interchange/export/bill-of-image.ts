import { createHash } from 'node:crypto'
import { listedPackages, type TreeWithContent, type UnpackedDeb } from '../../dpkg/index.ts'
import type { Session } from '../../kernel/index.ts'
import type { Lockfile } from '../../lockfile/index.ts'
import { sortedPaths } from '../../tree/index.ts'
import {
  type BilledFile,
  type BillOfMaterials,
  billedDebs,
  type FileMaker,
  type MadeFiles,
  newestTime,
} from './bill-of-materials.ts'

/** A built image, and where its files come from. */
export interface BuiltImage extends TreeWithContent {
  /** `treeDigest` of the tree. */
  readonly digest: string
  /** The debs as they were taken apart. */
  readonly unpacked: readonly Pick<UnpackedDeb, 'name' | 'architecture' | 'entries'>[]
  /** sha256 of each content that the project brought (`files:`). */
  readonly projectContents: ReadonlySet<string>
  /** By path: the script that made or changed it last, in words that follow "made by". */
  readonly scripts: ReadonlyMap<string, string>
}

const makers: readonly FileMaker[] = ['project', 'database', 'scripts']

/**
 * The bill of an image: each regular file, a hard link too, belongs to the package that lists it in dpkg's database, unless the project laid
 * other bytes over it; what no package lists, to the project, to dpkg's and apt's databases, or to scripts.
 *
 * @throws {Fault} `STORE_CORRUPT`
 */
export async function billOfImage(
  image: BuiltImage,
  of: { readonly lock: Lockfile; readonly root: string; readonly name: string; readonly toolVersion: string },
  session: Session,
): Promise<BillOfMaterials> {
  const listed = await listersIn(image)
  const shipped = new Map(image.unpacked.map(deb => [`${deb.name}:${deb.architecture}`, contentsOf(deb)]))
  const sha1Of = sha1Reader(image)
  const filesOf = new Map<string, BilledFile[]>()
  for (const path of sortedPaths(image.tree)) {
    const entry = image.tree.get(path)
    if (entry?.kind !== 'file') continue
    session.signal.throwIfAborted()
    const { sha256 } = entry.content
    const lister = listed.get(path)
    const changed = lister !== undefined && shipped.get(lister)?.has(sha256) !== true
    const isOfProject = image.projectContents.has(sha256) && (lister === undefined || changed)
    const owner = isOfProject ? 'project' : (lister ?? makerOf(path))
    const isChanged = changed && !isOfProject
    const script = isChanged || owner === 'scripts' ? image.scripts.get(path) : undefined
    const file = { path, sha256, sha1: await sha1Of(entry.content), changed: isChanged, script }
    const files = filesOf.get(owner)
    if (files === undefined) filesOf.set(owner, [file])
    else files.push(file)
  }
  const debs = billedDebs(of.lock, [of.root]).map(billed => ({
    ...billed,
    files: filesOf.get(`${billed.deb.name}:${billed.deb.architecture}`) ?? [],
  }))
  const made = makers.flatMap((maker): MadeFiles[] => {
    const files = filesOf.get(maker)
    return files === undefined ? [] : [{ maker, files }]
  })
  const created = newestTime(debs.map(each => each.deb))
  return { name: of.name, toolVersion: of.toolVersion, subject: 'image', identity: image.digest, created, debs, made }
}

/** By path: `name:architecture` of the package, which no maker can be mistaken for. */
async function listersIn(image: BuiltImage): Promise<ReadonlyMap<string, string>> {
  const packages = new Set(image.unpacked.map(deb => `${deb.name}:${deb.architecture}`))
  const listed = new Map<string, string>()
  for (const { status, paths } of await listedPackages(image)) {
    const name = `${status.field('Package') ?? ''}:${status.field('Architecture') ?? ''}`
    if (packages.has(name)) for (const path of paths) listed.set(path, name)
  }
  return listed
}

function makerOf(path: string): FileMaker {
  return path.startsWith('var/lib/dpkg/') || path === 'var/lib/apt/extended_states' ? 'database' : 'scripts'
}

function contentsOf({ entries }: Pick<UnpackedDeb, 'entries'>): ReadonlySet<string> {
  return new Set(entries.flatMap(({ entry }) => (entry.kind === 'file' ? [entry.content.sha256] : [])))
}

/** Reads each content once, however many files have it. */
function sha1Reader({ content }: BuiltImage): (of: Parameters<typeof content.read>[0]) => Promise<string> {
  const known = new Map<string, string>()
  return async of => {
    const found = known.get(of.sha256)
    if (found !== undefined) return found
    const hash = createHash('sha1')
    for await (const bytes of content.read(of)) hash.update(bytes)
    const sha1 = hash.digest('hex')
    known.set(of.sha256, sha1)
    return sha1
  }
}
