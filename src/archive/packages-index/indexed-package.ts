import type {
  BinaryPackage,
  Listing,
  MultiArch,
  OrGroup,
  ProvidedName,
  Relation,
  RelationMemory,
  SourceReference,
} from '../../debian/index.ts'
import { parseProvides, parseSourceReference, poolPathProblem } from '../../debian/index.ts'
import { isFault, quoted } from '../../kernel/index.ts'
import type { IndexOrigin } from '../verified-index.ts'
import { fieldFault, type IndexedStanza, type KeptField, readIndexedStanza, type StanzaRow } from './indexed-stanza.ts'

type IndexedStanzas = readonly [IndexedStanza, ...IndexedStanza[]]

const noGroups: readonly OrGroup[] = []
const noRelations: readonly Relation[] = []
const noNames: readonly ProvidedName[] = []

/** A deb as one or several indexes list it. Its stanzas are read, and relations and listings decoded, on first use. */
export class IndexedPackage implements BinaryPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly #row: StanzaRow
  #stanzasOnce: IndexedStanzas | undefined
  readonly #memory: RelationMemory
  #source: SourceReference | undefined
  #preDepends: readonly OrGroup[] | undefined
  #depends: readonly OrGroup[] | undefined
  #recommends: readonly OrGroup[] | undefined
  #conflicts: readonly Relation[] | undefined
  #breaks: readonly Relation[] | undefined
  #replaces: readonly Relation[] | undefined
  #provides: readonly ProvidedName[] | undefined
  #listings: readonly [Listing, ...Listing[]] | undefined

  /** @param stanzas of one name, version, architecture and sha256, sorted with `compareStanzas`; undefined: that of the row, not read yet */
  constructor(row: StanzaRow, stanzas: IndexedStanzas | undefined, memory: RelationMemory) {
    this.name = row.name
    this.version = row.version
    this.architecture = row.architecture
    this.#row = row
    this.#stanzasOnce = stanzas
    this.#memory = memory
  }

  get sha256(): string {
    return this.#first.sha256
  }

  get source(): SourceReference {
    this.#source ??= this.#decode('Source', field => parseSourceReference(field, this))
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
    const text = this.#text('Multi-Arch')
    if (text === undefined || text === 'no') return 'no'
    if (text === 'same' || text === 'foreign' || text === 'allowed') return text
    throw fieldFault(this.#first, 'Multi-Arch', `${quoted(text)} is none of no, same, foreign, allowed`)
  }

  get preDepends(): readonly OrGroup[] {
    this.#preDepends ??= this.#groups('Pre-Depends')
    return this.#preDepends
  }

  get depends(): readonly OrGroup[] {
    this.#depends ??= this.#groups('Depends')
    return this.#depends
  }

  get recommends(): readonly OrGroup[] {
    this.#recommends ??= this.#groups('Recommends')
    return this.#recommends
  }

  get conflicts(): readonly Relation[] {
    this.#conflicts ??= this.#relations('Conflicts')
    return this.#conflicts
  }

  get breaks(): readonly Relation[] {
    this.#breaks ??= this.#relations('Breaks')
    return this.#breaks
  }

  get replaces(): readonly Relation[] {
    this.#replaces ??= this.#relations('Replaces')
    return this.#replaces
  }

  get provides(): readonly ProvidedName[] {
    this.#provides ??= this.#decode('Provides', field => (field === undefined ? noNames : parseProvides(field)))
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
    this.#listings ??=
      this.#stanzasOnce === undefined
        ? [listingOf(this.#row.index.origin, () => this.#first)]
        : listingsOf(this.#stanzasOnce)
    return this.#listings
  }

  /** In the order of `listings`; the first speaks for all, so that no order of files shows. */
  get #stanzas(): IndexedStanzas {
    this.#stanzasOnce ??= [readIndexedStanza(this.#row)]
    return this.#stanzasOnce
  }

  get #first(): IndexedStanza {
    return this.#stanzas[0]
  }

  #text(field: KeptField): string | undefined {
    return this.#first.fields[field]
  }

  #flag(field: KeptField): boolean {
    const text = this.#text(field)?.toLowerCase()
    if (text === undefined || text === '' || text === 'no') return false
    if (text === 'yes') return true
    throw fieldFault(this.#first, field, `${quoted(text)} is neither yes nor no`)
  }

  #count(field: KeptField): number | undefined {
    const text = this.#text(field)
    if (text === undefined) return undefined
    const count = Number(text)
    if (/^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(count)) return count
    throw fieldFault(this.#first, field, `${quoted(text)} is not a whole number`)
  }

  #groups(field: KeptField): readonly OrGroup[] {
    return this.#decode(field, text => (text === undefined ? noGroups : this.#memory.orGroups(text)))
  }

  #relations(field: KeptField): readonly Relation[] {
    return this.#decode(field, text => (text === undefined ? noRelations : this.#memory.relations(text)))
  }

  #decode<Value>(field: KeptField, parse: (text: string | undefined) => Value): Value {
    try {
      return parse(this.#text(field))
    } catch (error) {
      if (!isFault(error)) throw error
      throw fieldFault(this.#first, field, 'it does not parse', error)
    }
  }
}

function listingsOf(stanzas: IndexedStanzas): readonly [Listing, ...Listing[]] {
  const [first, ...rest] = stanzas
  const listings: [Listing, ...Listing[]] = [listingOf(first.index.origin, () => first)]
  for (const stanza of rest) {
    const listing = listingOf(stanza.index.origin, () => stanza)
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

/** The origin alone ranks a deb, so the stanza is read only when the path is asked for. */
function listingOf(origin: IndexOrigin, read: () => IndexedStanza): Listing {
  const { archive, suite, component, release, security } = origin
  return {
    archive,
    suite,
    component,
    release,
    security,
    get fileName() {
      return fileNameOf(read())
    },
  }
}

function fileNameOf(stanza: IndexedStanza): string {
  // dpkg-scanpackages writes `./foo.deb` in flat repositories.
  const fileName = (stanza.fields.Filename ?? '').replace(/^(?:\.\/)+/, '')
  const problem = poolPathProblem(fileName)
  if (problem !== undefined)
    throw fieldFault(stanza, 'Filename', `${quoted(fileName)} is not a path below the archive: ${problem}`)
  return fileName
}
