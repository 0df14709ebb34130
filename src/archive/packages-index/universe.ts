import {
  type BinaryPackage,
  compareVersions,
  type PackageUniverse,
  type RelationMemory,
  relationMemory,
} from '../../debian/index.ts'
import { compareBytes, groupBy, sortedByBytes } from '../../kernel/index.ts'
import { DecodedTexts } from './decoded-texts.ts'
import { IndexedPackage } from './indexed-package.ts'
import { compareRows, IndexedRow } from './indexed-row.ts'
import { hashOfName } from './name-hash.ts'
import { nameAt, namesOf } from './name-table.ts'
import type { PackagesIndex } from './packages-index.ts'
import { rowsAt, rowsOf } from './postings.ts'

export interface UniverseRequest {
  readonly nativeArchitecture: string
  /** In the manifest's order, which is their rank. */
  readonly foreignArchitectures: readonly string[]
  /** In any order. Indexes of other architectures may be among them and are left out. */
  readonly indexes: readonly PackagesIndex[]
  /** Packages that no index lists: the project's own debs. */
  readonly ownDebs?: readonly BinaryPackage[]
}

/**
 * All packages of the given indexes that a root of these architectures can hold.
 *
 * A stanza of another architecture than its index, or than the root's, does not exist here (apt ignores it too).
 */
export function openUniverse(request: UniverseRequest): PackageUniverse {
  const { nativeArchitecture, foreignArchitectures, ownDebs = [] } = request
  const memory = relationMemory()
  const sources = request.indexes
    .filter(index => mayOffer(index, [nativeArchitecture, ...foreignArchitectures]))
    .map(index => new AdmittedIndex(index, [nativeArchitecture, ...foreignArchitectures], memory))
  const order = preferenceOrder(nativeArchitecture, foreignArchitectures)
  const ownByName = groupBy(ownDebs, deb => deb.name)
  const packagesByName = new Map<string, readonly BinaryPackage[]>()
  const providersByName = new Map<string, readonly BinaryPackage[]>()
  let allNames: readonly string[] | undefined

  const packagesNamed = (name: string): readonly BinaryPackage[] => {
    const known = packagesByName.get(name)
    if (known !== undefined) return known
    const rows: IndexedRow[] = []
    const hash = hashOfName(name)
    for (let at = 0; at < sources.length; at++) sources[at]?.addRowsNamed(name, hash, rows)
    const packages = mergeRows(rows)
    if (ownDebs.length > 0) packages.push(...(ownByName.get(name) ?? []))
    if (packages.length > 1) packages.sort(order)
    packagesByName.set(name, packages)
    return packages
  }

  const providersAmong = (name: string): readonly BinaryPackage[] => {
    const provides = (deb: BinaryPackage) => deb.provides.some(each => each.name === name)
    const indexed = sources.flatMap(source => source.namesIn(table => rowsOf(table.providers, name)))
    const own = ownDebs.filter(provides).map(deb => deb.name)
    return packagesWith([...indexed, ...own], provides)
  }

  const packagesWith = (names: Iterable<string>, has: (deb: BinaryPackage) => boolean): readonly BinaryPackage[] =>
    sortedByBytes(new Set(names)).flatMap(name => packagesNamed(name).filter(has))

  return {
    nativeArchitecture,
    foreignArchitectures,
    packagesNamed,
    providersOf(name) {
      const known = providersByName.get(name)
      if (known !== undefined) return known
      // Most names are of packages, and nobody provides them.
      const hash = hashOfName(name)
      const isProvided = ownDebs.length > 0 || sources.some(source => source.mayProvide(name, hash))
      const providers = isProvided ? providersAmong(name) : none
      providersByName.set(name, providers)
      return providers
    },
    essentialPackages() {
      const indexed = sources.flatMap(source => source.namesIn(table => table.essential))
      const own = ownDebs.filter(deb => deb.essential).map(deb => deb.name)
      return packagesWith([...indexed, ...own], deb => deb.essential)
    },
    packagesOfPriority(priority) {
      const indexed = sources.flatMap(source => source.namesIn(table => rowsOf(table.priorities, priority)))
      const own = ownDebs.filter(deb => deb.priority === priority).map(deb => deb.name)
      return packagesWith([...indexed, ...own], deb => deb.priority === priority)
    },
    names() {
      allNames ??= sortedByBytes(new Set([...sources.flatMap(source => source.names()), ...ownByName.keys()]))
      return allNames
    },
  }
}

const none: readonly BinaryPackage[] = []

/** A binary-arm64 index lists packages for all architectures too, but it does not offer them to an amd64 root. */
function mayOffer({ origin }: PackagesIndex, architectures: readonly string[]): boolean {
  return (
    origin.architecture === undefined || origin.architecture === 'all' || architectures.includes(origin.architecture)
  )
}

/** An index without the rows whose architecture does not belong in it or in the root. */
class AdmittedIndex {
  readonly #index: PackagesIndex
  readonly #architectures: readonly string[]
  #architectureNamesOnce: readonly string[] | undefined
  readonly #decoded: DecodedTexts
  #admittedOnce: Uint8Array | undefined

  constructor(index: PackagesIndex, architectures: readonly string[], memory: RelationMemory) {
    this.#index = index
    this.#architectures = architectures
    this.#decoded = new DecodedTexts(index, memory)
  }

  addRowsNamed(name: string, hash: number, into: IndexedRow[]): void {
    const { architectureOfRow, packages } = this.#index.table
    const rows = rowsOf(packages, name, hash)
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] ?? 0
      if (!this.#admits(row)) continue
      const architecture = this.#architectureNames[architectureOfRow[row] ?? 0] ?? ''
      into.push(new IndexedRow({ index: this.#index, row, name, architecture, decoded: this.#decoded }))
    }
  }

  mayProvide(name: string, hash: number): boolean {
    return rowsOf(this.#index.table.providers, name, hash).length > 0
  }

  /** The package names of the chosen rows. */
  namesIn(choose: (table: PackagesIndex['table']) => Uint32Array): string[] {
    const { table } = this.#index
    const chosen = choose(table)
    if (chosen.length === 0) return []
    const rows = this.#admittedRows(chosen)
    if (rows.length === 0) return []
    return rows.map(row => nameAt(table.packages.names, table.nameOfRow[row] ?? 0))
  }

  names(): string[] {
    const { packages } = this.#index.table
    return namesOf(packages.names).filter((_, name) => rowsAt(packages, name).some(row => this.#admits(row)))
  }

  #admittedRows(rows: Uint32Array): number[] {
    return Array.from(rows).filter(row => this.#admits(row))
  }

  #admits(row: number): boolean {
    this.#admittedOnce ??= Uint8Array.from(this.#architectureNames, architecture =>
      this.#admitsArchitecture(architecture) ? 1 : 0,
    )
    return this.#admittedOnce[this.#index.table.architectureOfRow[row] ?? 0] === 1
  }

  get #architectureNames(): readonly string[] {
    this.#architectureNamesOnce ??= namesOf(this.#index.table.architectures)
    return this.#architectureNamesOnce
  }

  #admitsArchitecture(architecture: string): boolean {
    // A stanza without Architecture is malformed, and that is said when it is looked at.
    if (architecture === 'all' || architecture === '') return true
    const { origin } = this.#index
    return this.#architectures.includes(architecture) && (origin.architecture ?? architecture) === architecture
  }
}

/** Same bytes under the same name: one package in several places. */
function mergeRows(rows: readonly IndexedRow[]): BinaryPackage[] {
  if (rows.length === 0) return []
  if (rows.length === 1) return [new IndexedPackage(rows as readonly [IndexedRow])]
  return [...groupBy(rows, each => `${each.version} ${each.architecture}`).values()].flatMap(group => {
    const [first, ...others] = group
    if (others.length === 0) return [new IndexedPackage([first])]
    return [...groupBy([...group].sort(compareRows), each => each.sha256).values()].map(
      same => new IndexedPackage(same),
    )
  })
}

function preferenceOrder(native: string, foreign: readonly string[]) {
  const rankOf = (architecture: string) =>
    architecture === 'all' || architecture === native ? 0 : 1 + foreign.indexOf(architecture)
  return (left: BinaryPackage, right: BinaryPackage): number =>
    compareVersions(right.version, left.version) ||
    rankOf(left.architecture) - rankOf(right.architecture) ||
    compareBytes(left.sha256, right.sha256) ||
    // Versions that are written differently and still equal, with the same bytes: somebody's index is odd, not our order.
    compareBytes(left.version, right.version) ||
    compareBytes(left.architecture, right.architecture)
}
