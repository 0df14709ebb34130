import type {
  BinaryPackage,
  Listing,
  MultiArch,
  OrGroup,
  ProvidedName,
  Relation,
  ReleaseFacts,
  SourceReference,
} from '../../debian/index.ts'
import { parseSourceReference, poolPathProblem } from '../../debian/index.ts'
import { quoted } from '../../kernel/index.ts'
import type { IndexedRow } from './indexed-row.ts'
import { fieldFault } from './indexed-stanza.ts'
import type { SingleField } from './stanza-fields.ts'

type IndexedRows = readonly [IndexedRow, ...IndexedRow[]]

/** A deb as one or several indexes list it. Relations and listings are decoded on first use. */
export class IndexedPackage implements BinaryPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** In the order of `listings`; the first speaks for all, so that no order of files shows. */
  readonly #rows: IndexedRows
  readonly #first: IndexedRow
  #multiArch: MultiArch | undefined
  #source: SourceReference | undefined
  #preDepends: readonly OrGroup[] | undefined
  #depends: readonly OrGroup[] | undefined
  #recommends: readonly OrGroup[] | undefined
  #conflicts: readonly Relation[] | undefined
  #breaks: readonly Relation[] | undefined
  #replaces: readonly Relation[] | undefined
  #provides: readonly ProvidedName[] | undefined
  #listings: readonly [Listing, ...Listing[]] | undefined

  /** @param rows of one name, version, architecture and sha256, sorted with `compareRows` */
  constructor(rows: IndexedRows) {
    const first = rows[0]
    this.name = first.name
    this.version = first.version
    this.architecture = first.architecture
    this.#rows = rows
    this.#first = first
  }

  get sha256(): string {
    return this.#first.sha256
  }

  get source(): SourceReference {
    this.#source ??= this.#first.checked('Source', () => parseSourceReference(this.#text('Source'), this))
    return this.#source
  }

  get essential(): boolean {
    return this.#flag('Essential')
  }

  get important(): boolean {
    return this.#flag('Important') || this.#flag('Protected')
  }

  get priority(): string {
    return this.#text('Priority') ?? ''
  }

  get section(): string {
    return this.#text('Section') ?? ''
  }

  get multiArch(): MultiArch {
    this.#multiArch ??= this.#readMultiArch()
    return this.#multiArch
  }

  #readMultiArch(): MultiArch {
    const text = this.#text('Multi-Arch')
    if (text === undefined || text === 'no') return 'no'
    if (text === 'same' || text === 'foreign' || text === 'allowed') return text
    throw fieldFault(this.#first, 'Multi-Arch', `${quoted(text)} is none of no, same, foreign, allowed`)
  }

  get preDepends(): readonly OrGroup[] {
    this.#preDepends ??= this.#first.groups('Pre-Depends')
    return this.#preDepends
  }

  get depends(): readonly OrGroup[] {
    this.#depends ??= this.#first.groups('Depends')
    return this.#depends
  }

  get recommends(): readonly OrGroup[] {
    this.#recommends ??= this.#first.groups('Recommends')
    return this.#recommends
  }

  get conflicts(): readonly Relation[] {
    this.#conflicts ??= this.#first.relations('Conflicts')
    return this.#conflicts
  }

  get breaks(): readonly Relation[] {
    this.#breaks ??= this.#first.relations('Breaks')
    return this.#breaks
  }

  get replaces(): readonly Relation[] {
    this.#replaces ??= this.#first.relations('Replaces')
    return this.#replaces
  }

  get provides(): readonly ProvidedName[] {
    this.#provides ??= this.#first.provided()
    return this.#provides
  }

  get sizeBytes(): number {
    const size = this.#count('Size')
    if (size === undefined) throw fieldFault(this.#first, 'Size', 'it is missing, so the deb cannot be pinned')
    return size
  }

  get installedSizeKibibytes(): number | undefined {
    return this.#count('Installed-Size')
  }

  get phasedUpdatePercentage(): number | undefined {
    const percentage = this.#count('Phased-Update-Percentage')
    if (percentage !== undefined && percentage > 100)
      throw fieldFault(this.#first, 'Phased-Update-Percentage', `${percentage} is more than 100`)
    return percentage
  }

  get listings(): readonly [Listing, ...Listing[]] {
    this.#listings ??= listingsOf(this.#rows)
    return this.#listings
  }

  #text(field: SingleField): string | undefined {
    return this.#first.text(field)
  }

  #flag(field: SingleField): boolean {
    const text = this.#text(field)?.toLowerCase()
    if (text === undefined || text === '' || text === 'no') return false
    if (text === 'yes') return true
    throw fieldFault(this.#first, field, `${quoted(text)} is neither yes nor no`)
  }

  #count(field: SingleField): number | undefined {
    const text = this.#text(field)
    if (text === undefined) return undefined
    const count = Number(text)
    if (/^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(count)) return count
    throw fieldFault(this.#first, field, `${quoted(text)} is not a whole number`)
  }
}

function listingsOf(rows: IndexedRows): readonly [Listing, ...Listing[]] {
  const listings: [Listing, ...Listing[]] = [new RowListing(rows[0])]
  if (rows.length === 1) return listings
  const rest = rows.slice(1)
  for (const row of rest) {
    const listing = new RowListing(row)
    // binary-all and binary-amd64 may both list a deb for all architectures: one place, named twice.
    const known = listings.some(
      each =>
        each.archive === listing.archive &&
        each.suite === listing.suite &&
        each.component === listing.component &&
        each.fileName === listing.fileName,
    )
    if (!known) listings.push(listing)
  }
  return listings
}

/** The origin alone ranks a deb, so the path is judged only when it is asked for. A class, since a literal with a getter is made ten times slower. */
class RowListing implements Listing {
  readonly archive: string
  readonly suite: string
  readonly component: string
  readonly release: ReleaseFacts
  readonly security: boolean
  readonly #row: IndexedRow

  constructor(row: IndexedRow) {
    const { archive, suite, component, release, security } = row.index.origin
    this.archive = archive
    this.suite = suite
    this.component = component
    this.release = release
    this.security = security
    this.#row = row
  }

  get fileName(): string {
    return fileNameOf(this.#row)
  }
}

function fileNameOf(row: IndexedRow): string {
  // dpkg-scanpackages writes `./foo.deb` in flat repositories.
  const fileName = (row.text('Filename') ?? '').replace(/^(?:\.\/)+/, '')
  const problem = poolPathProblem(fileName)
  if (problem !== undefined)
    throw fieldFault(row, 'Filename', `${quoted(fileName)} is not a path below the archive: ${problem}`)
  return fileName
}
