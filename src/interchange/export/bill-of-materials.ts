import { createHash } from 'node:crypto'
import { groupBy, sortedByBytes } from '../../kernel/index.ts'
import { debsOfRoot, graphOf, type LockedDeb, type Lockfile, writeLockfile } from '../../lockfile/index.ts'

/** A regular file of an image; a hard link is a file of its own. */
export interface BilledFile {
  /** Raw bytes below the root, as the keys of a tree. */
  readonly path: string
  readonly sha256: string
  readonly sha1: string
  /** Listed by its package, but with other bytes than the deb has. */
  readonly changed: boolean
  /** The script that made or changed it, as far as that is known: `the postinst of dash`. */
  readonly script: string | undefined
}

/** What scripts did to a file; undefined: nothing. */
export function scriptNote({ changed, script }: BilledFile): string | undefined {
  if (changed) return `changed by ${script ?? 'scripts'}`
  return script === undefined ? undefined : `made by ${script}`
}

export interface BilledDeb {
  readonly deb: LockedDeb
  /** What its relations resolved to in any of the roots; by name, then architecture. */
  readonly needs: readonly LockedDeb[]
  /** In byte order of paths; undefined: not looked at, since the bill is of a lock. */
  readonly files: readonly BilledFile[] | undefined
}

/** Who made the files that no package lists. */
export type FileMaker =
  /** What the manifest's image section brings, `files:` above all. */
  | 'project'
  /** dpkg's and apt's databases, which aptroot writes. */
  | 'database'
  /** Maintainer scripts, and what they call. */
  | 'scripts'

export interface MadeFiles {
  readonly maker: FileMaker
  readonly files: readonly BilledFile[]
}

/** What a lock or an image is made of: what SPDX and CycloneDX documents say, each in its words. */
export interface BillOfMaterials {
  /** Of the lock, or of the image. */
  readonly name: string
  readonly subject: 'lock' | 'image'
  /** 64 hex digits: of the canonical lock and the roots that were asked for, or of the image's tree. Serial numbers come from it. */
  readonly identity: string
  /** RFC 3339, UTC: the newest `at` of the debs. The clock of the run is nobody's business. */
  readonly created: string
  /** The version of aptroot that wrote the bill. */
  readonly toolVersion: string
  /** By name, then architecture. */
  readonly debs: readonly BilledDeb[]
  readonly made: readonly MadeFiles[]
}

/** The bill of a lock, or of some of its roots: a function of the lock's content, not of the order of its lines. */
export function billOfLock(
  lock: Lockfile,
  of: { readonly roots: readonly string[]; readonly name: string; readonly toolVersion: string },
): BillOfMaterials {
  const identity = createHash('sha256')
    .update(['lock', ...of.roots, writeLockfile(lock)].join('\n'))
    .digest('hex')
  const debs = billedDebs(lock, of.roots)
  return { ...of, subject: 'lock', identity, created: newestTime(debs.map(each => each.deb)), debs, made: [] }
}

/** The debs of roots, each once, with what they need in any of them. */
export function billedDebs(lock: Lockfile, roots: readonly string[]): readonly BilledDeb[] {
  const graphs = roots.map(root => graphOf(lock, root))
  return lockedDebs(lock, roots).map(deb => {
    const needs = new Set(graphs.flatMap(graph => graph.needsOf(deb)))
    return { deb, needs: sorted(needs), files: undefined }
  })
}

/** The debs of roots, each once, by name, then architecture. */
export function lockedDebs(lock: Lockfile, roots: readonly string[]): readonly LockedDeb[] {
  return sorted(new Set(roots.flatMap(root => debsOfRoot(lock, root))))
}

function sorted(debs: Iterable<LockedDeb>): readonly LockedDeb[] {
  const byKey = groupBy(debs, deb => `${deb.name} ${deb.architecture} ${deb.version} ${deb.sha256}`)
  return sortedByBytes(byKey.keys()).flatMap(key => byKey.get(key) ?? [])
}

/** `20260711T101637Z` of the youngest deb, as RFC 3339 has it. */
export function newestTime(debs: readonly LockedDeb[]): string {
  const newest = debs.reduce((latest, { at }) => (at > latest ? at : latest), '19700101T000000Z')
  return newest.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
}

/**
 * A UUID that stands for an identity in one kind of document: the same content has the same number, everywhere.
 *
 * @see RFC 9562, version 8
 */
export function documentNumber(kind: 'spdx' | 'cyclonedx', identity: string): string {
  const digits = createHash('sha256').update(`aptroot ${kind} ${identity}`).digest('hex')
  const variant = ((Number.parseInt(digits.slice(16, 17), 16) & 0x3) | 0x8).toString(16)
  const [a, b, c, d] = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(13, 16), digits.slice(17, 20)]
  return `${a}-${b}-8${c}-${variant}${d}-${digits.slice(20, 32)}`
}

/** A path of a tree as text; bytes that are no UTF-8 are shown as `\xff`, so that two paths stay two. */
export function pathText(path: string): string {
  const bytes = Buffer.from(path, 'latin1')
  const text = bytes.toString('utf8')
  if (Buffer.from(text).equals(bytes)) return text
  return path.replace(/[\\\x80-\xff]/g, each =>
    each === '\\' ? '\\\\' : `\\x${each.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

export const makerTitles: Readonly<Record<FileMaker, string>> = {
  project: 'files of the project',
  database: 'databases of dpkg and apt',
  scripts: 'made by scripts',
}
