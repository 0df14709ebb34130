import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  type BinaryPackage,
  type Listing,
  type MultiArch,
  type OrGroup,
  type PackageUniverse,
  parseOrGroups,
  parseProvides,
  parseRelations,
  parseSourceReference,
  type ReleaseFacts,
  universeOfPackages,
} from '../../src/debian/index.ts'
import { silentJournal } from '../../src/kernel/index.ts'
import type { Pin } from '../../src/manifest/index.ts'
import {
  type Resolution,
  type ResolutionRequest,
  resolvePackages,
  type WantedPackage,
} from '../../src/resolver/index.ts'

/** The fields of one deb; relations as debian/control writes them. */
export interface StanzaFields {
  readonly preDepends?: string
  readonly depends?: string
  readonly recommends?: string
  readonly conflicts?: string
  readonly breaks?: string
  readonly replaces?: string
  readonly provides?: string
  readonly multiArch?: MultiArch
  readonly essential?: boolean
  readonly important?: boolean
  readonly priority?: string
  readonly source?: string
  readonly phasedUpdatePercentage?: number
  /** Suites that list it; `stable` when absent. A suite is listed by the archive `debian` unless written `archive/suite`. */
  readonly suites?: readonly string[]
}

/** `name version`, `name:architecture version` (else `all`), and any third word to tell equal versions apart. */
export type Stanzas = Readonly<Record<string, StanzaFields>>

export interface Surroundings {
  readonly native?: string
  readonly foreign?: readonly string[]
  /** Suite → what its Release says beside its name. */
  readonly releases?: Readonly<Record<string, Partial<ReleaseFacts>>>
}

/** A universe in memory, composed of values: small enough to stay on the screen. */
export function archive(stanzas: Stanzas, surroundings: Surroundings = {}): PackageUniverse {
  const debs = Object.entries(stanzas).map(([title, fields]) => debOf(title, fields, surroundings))
  return universeOf(debs, surroundings)
}

export function universeOf(
  debs: readonly BinaryPackage[],
  { native = 'amd64', foreign = [] }: Surroundings = {},
): PackageUniverse {
  return universeOfPackages(debs, { native, foreign })
}

export function debOf(title: string, fields: StanzaFields, { releases = {} }: Surroundings = {}): BinaryPackage {
  const [qualifiedName = '', version = ''] = title.split(' ')
  const [name = '', architecture = 'all'] = qualifiedName.split(':')
  const listings = (fields.suites ?? ['stable']).map(place => listingOf(place, name, releases))
  return {
    name,
    version,
    architecture,
    source: parseSourceReference(fields.source, { name, version }),
    essential: fields.essential ?? false,
    important: fields.important ?? false,
    priority: fields.priority ?? 'optional',
    section: 'misc',
    multiArch: fields.multiArch ?? 'no',
    preDepends: parseOrGroups(fields.preDepends ?? ''),
    depends: parseOrGroups(fields.depends ?? ''),
    recommends: parseOrGroups(fields.recommends ?? ''),
    conflicts: parseRelations(fields.conflicts ?? ''),
    breaks: parseRelations(fields.breaks ?? ''),
    replaces: parseRelations(fields.replaces ?? ''),
    provides: parseProvides(fields.provides ?? ''),
    sha256: createHash('sha256').update(title).digest('hex'),
    sizeBytes: 1000,
    installedSizeKibibytes: 1,
    phasedUpdatePercentage: fields.phasedUpdatePercentage,
    listings: listings as [Listing, ...Listing[]],
  }
}

function listingOf(place: string, name: string, releases: Readonly<Record<string, Partial<ReleaseFacts>>>): Listing {
  const [archiveId = '', suite = ''] = place.includes('/') ? place.split('/') : ['debian', place]
  return {
    archive: archiveId,
    suite,
    component: 'main',
    fileName: `pool/main/${name}.deb`,
    security: false,
    release: {
      origin: 'Debian',
      label: 'Debian',
      suite,
      codename: undefined,
      version: undefined,
      notAutomatic: false,
      butAutomaticUpgrades: false,
      host: 'mirror.example.org',
      at: '20260101T000000Z',
      ...releases[suite],
    },
  }
}

/** `nginx`, `nginx (>= 1)`, `a | b`, `nginx=1.2`, `nginx/backports`. */
export function wanted(text: string): WantedPackage {
  const exact = /^([^\s=/|()]+)(=|\/)(\S+)$/.exec(text)
  const [alternatives] = parseOrGroups(exact?.[1] ?? text)
  assert.ok(alternatives !== undefined, `${text} wants nothing`)
  return { text, alternatives: alternatives as OrGroup, selection: selectionOf(exact?.[2], exact?.[3] ?? '') }
}

function selectionOf(separator: string | undefined, value: string): WantedPackage['selection'] {
  if (separator === '=') return { kind: 'version', version: value }
  return separator === '/' ? { kind: 'suite', suite: value } : { kind: 'candidate' }
}

export function pin(fields: Partial<Pin>): Pin {
  return {
    package: undefined,
    source: undefined,
    version: undefined,
    release: undefined,
    origin: undefined,
    priority: 990,
    reason: 'a test',
    until: undefined,
    position: { line: 1, column: 1 },
    ...fields,
  }
}

export type RequestDetails = Partial<Omit<ResolutionRequest, 'universe' | 'wanted'>>

export function request(universe: PackageUniverse, texts: readonly string[], details: RequestDetails = {}) {
  const plain = { base: 'none', recommends: { kind: 'skip' }, exclude: [], pins: [] } as const
  return { universe, wanted: texts.map(wanted), ...plain, ...details } satisfies ResolutionRequest
}

export function resolution(universe: PackageUniverse, texts: readonly string[], details: RequestDetails = {}) {
  const session = { signal: new AbortController().signal, journal: silentJournal }
  return resolvePackages(request(universe, texts, details), session)
}

/** What is chosen, as `name version` (`name:architecture version` where it is not `all`), in byte order. */
export async function resolve(
  universe: PackageUniverse,
  texts: readonly string[],
  details: RequestDetails = {},
): Promise<string[]> {
  return titlesOf(await resolution(universe, texts, details))
}

export function titlesOf(found: Resolution): string[] {
  if (found.kind === 'unsolvable') assert.fail(`no solution:\n${found.explanation.lines.join('\n')}`)
  return found.packages.map(each => titleOf(each.package))
}

export function titleOf({ name, architecture, version }: BinaryPackage): string {
  return architecture === 'all' ? `${name} ${version}` : `${name}:${architecture} ${version}`
}

/** Why there is no solution. */
export async function explain(universe: PackageUniverse, texts: readonly string[], details: RequestDetails = {}) {
  const found = await resolution(universe, texts, details)
  if (found.kind === 'solved') assert.fail(`solved: ${titlesOf(found).join(', ')}`)
  return found.explanation
}
