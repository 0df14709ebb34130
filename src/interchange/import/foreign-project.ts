import { isPackageName, versionProblem } from '../../debian/index.ts'
import { Fault, groupBy, quoted, sortedByBytes } from '../../kernel/index.ts'
import type { BaseSet, KeyringName } from '../../manifest/index.ts'
import type { AptSource } from '../apt-source.ts'

/** An archive that another program's file names. */
export interface ForeignArchive {
  readonly source: AptSource
  /** What the file says about its keys; undefined: nothing. */
  readonly keys:
    | { readonly kind: 'named'; readonly name: KeyringName }
    | { readonly kind: 'none-asked-for' }
    | undefined
}

/** What a file of another program says, in words of a manifest. */
export interface ForeignProject {
  /** What kind of file it is, for people. */
  readonly format: string
  /** Items of `packages:`, not yet judged. */
  readonly packages: readonly string[]
  /** `amd64`, `amd64+i386`; empty when the file names none. */
  readonly architectures: readonly string[]
  /** Empty when the file names none: then a release has to be named. */
  readonly archives: readonly ForeignArchive[]
  /** undefined: the file does not say. */
  readonly base: BaseSet | undefined
  readonly recommends: 'follow' | 'skip'
  /** The newest snapshot in its addresses: `20240210T223313Z`. */
  readonly snapshot: string | undefined
  /** What was not carried over, or in another way than one may expect; one line each. */
  readonly notes: readonly string[]
}

export const nothingForeign: Omit<ForeignProject, 'format'> = {
  packages: [],
  architectures: [],
  archives: [],
  base: undefined,
  recommends: 'skip',
  snapshot: undefined,
  notes: [],
}

/** A deb that a foreign lock or database names. */
export interface ForeignDeb {
  readonly name: string
  readonly version: string
  /** Concrete, or `all`. */
  readonly architecture: string
}

/** More than any distribution has; what names more is no list of packages. */
const mostDebs = 200_000

/**
 * Items that ask for exactly these versions: `bash=5.2-1`, and `bash=5.2-1 [arm64]` where not every architecture has that version.
 *
 * @throws {Fault} `IMPORT_MALFORMED` for names and versions that Debian does not allow
 */
export function pinnedItems(debs: readonly ForeignDeb[], fileName: string): readonly string[] {
  if (debs.length > mostDebs) throw importFault(fileName, `it names ${debs.length} packages`)
  const architectures = architecturesOf(debs)
  return [...groupBy(debs, deb => deb.name)]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([name, group]) => {
      if (!isPackageName(name)) throw importFault(fileName, `${quoted(name)} is no package name`)
      return [...groupBy(group, deb => deb.version)].map(([version, same]) => {
        const problem = versionProblem(version)
        if (problem !== undefined) throw importFault(fileName, `${name}: ${quoted(version)} is no version: ${problem}`)
        const places = sortedByBytes(new Set(same.map(deb => deb.architecture)))
        const isEverywhere = places.includes('all') || architectures.every(each => places.includes(each))
        return `${name}=${version}${isEverywhere ? '' : ` [${places.join(' ')}]`}`
      })
    })
}

/** The concrete architectures of debs, in byte order. */
export function architecturesOf(debs: readonly ForeignDeb[]): readonly string[] {
  return sortedByBytes(new Set(debs.map(deb => deb.architecture))).filter(each => each !== 'all')
}

/** The newest time in addresses such as https://snapshot.example.org/archive/debian/20240210T223313Z/. */
export function newestSnapshot(addresses: readonly string[]): string | undefined {
  const times = addresses.flatMap(each => /\/(\d{8}T\d{6}Z)(?:\/|$)/.exec(each)?.[1] ?? [])
  return sortedByBytes(times).at(-1)
}

/** What a lock of aptroot says of each deb, and another program's does not; without it no lock can be made of one. */
export function missingForLock(debs: number, present: string, absent: readonly string[]): string {
  return `no lock was made of its ${debs} debs: it has their ${present}, but not ${absent.join(', ')}; \`aptroot lock update\` takes these from the signed index`
}

export function importFault(fileName: string, problem: string): Fault {
  return new Fault('IMPORT_MALFORMED', {
    message: `${fileName}: ${problem}`,
    hint: 'docs/migrating.md lists the files that `aptroot init --from` reads.',
    context: { file: fileName },
  })
}

/** A record of a parsed document. */
export type ForeignRecord = Readonly<Record<string, unknown>>

export function isRecord(value: unknown): value is ForeignRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws {Fault} `IMPORT_MALFORMED` when it is no text */
export function textOf(record: ForeignRecord, key: string, fileName: string): string {
  const value = Object.hasOwn(record, key) ? record[key] : undefined
  if (typeof value === 'string') return value
  throw importFault(fileName, `${quoted(key)} is missing or no text`)
}
