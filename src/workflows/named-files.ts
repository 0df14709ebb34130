import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { isFault, type Session, sortedByBytes } from '../kernel/index.ts'
import type { Manifest } from '../manifest/index.ts'
import type { ReviewSide, TrustFinding } from '../review/index.ts'
import { confinePath } from './confine-path.ts'
import type { SidePlace } from './review-sides.ts'
import { type ListedFile, listRevision } from './revision-file.ts'
import type { World } from './world.ts'

/** A side of a change, with the folder that its revision is read from. */
export interface NamedFilesSide {
  readonly place: SidePlace
  readonly side: ReviewSide
  /** Absolute: the folder of the lockfile, where paths of the manifest begin. */
  readonly folder: string
}

/** An overlay of more files is not compared file by file. */
const maximumFiles = 20_000
/** Links to links are followed so far. */
const maximumLinks = 8

/**
 * Keys, scripts and overlaid files whose contents changed while the line of the manifest that names them stayed: what builds and whom it trusts changed
 * all the same. Contents are compared by git's own ids. What cannot be compared (a side that is an address, a path that is not there) is a finding too.
 *
 * @throws {Fault} `PROGRAM_FAILED` when git is missing
 */
export async function namedFileFindings(
  before: NamedFilesSide,
  after: NamedFilesSide,
  session: Session,
  world: World,
): Promise<readonly TrustFinding[]> {
  const named = namesOfBoth(before.side.manifest, after.side.manifest)
  if (named.length === 0) return []
  const treeless = [before, after].flatMap(({ place, side }) => {
    if (place.kind === 'url')
      return [unknownFinding(`files that ${side.name} names`, 'an address has no files beside it')]
    // `:2`: what git holds of one side of a merge is no tree.
    const isStaged = place.kind === 'revision' && place.revision.startsWith(':')
    return isStaged ? [unknownFinding(`files that ${side.name} names`, 'a state of the index is no tree')] : []
  })
  if (treeless.length > 0) return treeless
  const paths = [...new Set(named.map(each => each.path))]
  const list = (at: NamedFilesSide, algorithm: 'sha1' | 'sha256') =>
    at.place.kind === 'revision'
      ? listWithLinks(each => listRevision(treeOf(at.place), each, at.folder, session, world), paths)
      : listWithLinks(each => listFolder(at, each, algorithm), paths)
  // Git says which ids it has; a folder is hashed in the same way.
  const revisions = [before, after].filter(({ place }) => place.kind === 'revision')
  const known = new Map<NamedFilesSide, Listing>()
  for (const each of revisions) known.set(each, await list(each, 'sha1'))
  const isLong = [...known.values()].some(each => [...each.values()].some(({ id }) => id.length === 64))
  for (const each of [before, after])
    if (!known.has(each)) known.set(each, await list(each, isLong ? 'sha256' : 'sha1'))
  const [had, has] = [known.get(before) ?? new Map(), known.get(after) ?? new Map()]
  return named.flatMap(each => changesOf(each, had, has))
}

interface NamedPath {
  readonly kind: 'key' | 'hook' | 'overlay'
  readonly path: string
}

/** What only one manifest names is a line of its own in the review. */
function namesOfBoth(before: Manifest | undefined, after: Manifest | undefined): readonly NamedPath[] {
  if (before === undefined || after === undefined) return []
  const had = new Set(namesOf(before).map(each => JSON.stringify(each)))
  const both = namesOf(after).filter(each => had.has(JSON.stringify(each)))
  return [...new Map(both.map(each => [JSON.stringify(each), each])).values()]
}

function namesOf({ archives, image }: Manifest): readonly NamedPath[] {
  const { aptSources, run } = image.customisation
  const signed = [...archives, ...(aptSources.kind === 'entries' ? aptSources.archives : [])]
  return [
    ...signed.flatMap(({ trust }): NamedPath[] =>
      trust.kind === 'signed-by' && trust.signedBy.kind === 'path' ? [{ kind: 'key', path: trust.signedBy.path }] : [],
    ),
    ...run.map((path): NamedPath => ({ kind: 'hook', path })),
    ...image.files.map(({ source }): NamedPath => ({ kind: 'overlay', path: source })),
  ].map(({ kind, path }) => ({ kind, path: posix.normalize(path).replace(/\/$/, '') }))
}

/** By path below the folder of the manifest. */
type Listing = ReadonlyMap<string, ListedFile>

/** What links lead to inside the folder is listed as well; a link out of it leads nowhere. */
async function listWithLinks(
  list: (paths: readonly string[]) => Promise<Listing>,
  paths: readonly string[],
): Promise<Listing> {
  const found = new Map(await list(paths))
  let links = [...found]
  for (let step = 0; step < maximumLinks && links.length > 0; step++) {
    const targets = links.flatMap(([path, { link }]) => {
      if (link === undefined || link.startsWith('/')) return []
      const target = posix.join(posix.dirname(path), link)
      return target.startsWith('..') || found.has(target) ? [] : [target]
    })
    links = targets.length === 0 ? [] : [...(await list([...new Set(targets)]))]
    for (const [path, file] of links) found.set(path, file)
  }
  return found
}

function treeOf(place: SidePlace): string {
  if (place.kind !== 'revision') return ''
  const [revision = '', ...path] = place.revision.split(':')
  if (path.length === 0) return `${revision}:./`
  const folder = posix.dirname(path.join(':'))
  return `${revision}:${folder === '.' ? '' : folder}`
}

async function listFolder(
  { folder, side }: NamedFilesSide,
  paths: readonly string[],
  algorithm: 'sha1' | 'sha256',
): Promise<Listing> {
  const found = new Map<string, ListedFile>()
  const project = { folder, manifestName: side.manifest?.fileName ?? side.name }
  const walk = async (path: string): Promise<void> => {
    if (found.size > maximumFiles) return
    const place = join(folder, path)
    const facts = await lstat(place).catch(() => undefined)
    if (facts === undefined) return
    if (facts.isDirectory()) for (const name of await readdir(place)) await walk(posix.join(path, name))
    else if (facts.isSymbolicLink()) {
      const link = await readlink(place)
      found.set(path, { mode: '120000', id: blobId(Buffer.from(link), algorithm), link })
    } else if (facts.isFile())
      found.set(path, {
        mode: (facts.mode & 0o100) === 0 ? '100644' : '100755',
        id: blobId(await readFile(place), algorithm),
        link: undefined,
      })
  }
  for (const path of paths) {
    // A folder on the way may be a link out of the project.
    const isInside = await confinePath(project, posix.dirname(path)).then(
      () => true,
      error => {
        if (isFault(error)) return false
        throw error
      },
    )
    if (isInside) await walk(path)
  }
  return found
}

/** As `git hash-object --no-filters`: no filter of the repository is run. */
function blobId(bytes: Uint8Array, algorithm: 'sha1' | 'sha256'): string {
  return createHash(algorithm).update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

function changesOf({ kind, path }: NamedPath, had: Listing, has: Listing): readonly TrustFinding[] {
  const before = below(path, had)
  const after = below(path, has)
  if (before.size === 0 && after.size === 0)
    return [unknownFinding(path, 'the manifests name it, and neither side has it')]
  if (Math.max(before.size, after.size) > maximumFiles)
    return [unknownFinding(path, `more than ${maximumFiles} files were not compared one by one`)]
  return sortedByBytes(new Set([...before.keys(), ...after.keys()])).flatMap((subject): TrustFinding[] => {
    const [earlier, later] = [before.get(subject), after.get(subject)]
    if (earlier?.id === later?.id && earlier?.mode === later?.mode) return []
    const change = earlier === undefined ? 'added' : later === undefined ? 'removed' : 'changed'
    return [
      {
        kind,
        change,
        subject,
        detail: `behind the same line of the manifest: ${factsText(earlier)} → ${factsText(later)}`,
      },
    ]
  })
}

/** The path itself, what lies in it, and what links among them lead to. */
function below(path: string, listing: Listing): Listing {
  const chosen = new Map<string, ListedFile>()
  const queue = [path]
  for (const root of queue)
    for (const [each, file] of listing) {
      if (chosen.has(each) || !(each === root || each.startsWith(`${root}/`) || root === '.')) continue
      chosen.set(each, file)
      if (file.link !== undefined) queue.push(posix.join(posix.dirname(each), file.link))
    }
  return chosen
}

function factsText(file: ListedFile | undefined): string {
  if (file === undefined) return 'absent'
  return `${file.id.slice(0, 12)}${file.mode === '100644' ? '' : ` (mode ${file.mode})`}`
}

function unknownFinding(subject: string, detail: string): TrustFinding {
  return { kind: 'unknown', change: 'changed', subject, detail }
}
