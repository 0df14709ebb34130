import { Fault, quoted, redacted } from '../kernel/index.ts'

/** Where something stands in apt's configuration. */
export interface AptPlace {
  /** As apt names it: `/etc/apt/sources.list`. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

/** The keys of `Signed-By`. Without that field apt trusts every key ring of trusted.gpg.d for the archive. */
export type AptSignedBy =
  /** Any key of these key rings, and any globally trusted key that has one of these fingerprints. */
  | { readonly kind: 'key-rings'; readonly paths: readonly string[]; readonly fingerprints: readonly string[] }
  | { readonly kind: 'inline'; readonly armor: string }

/** A `deb` line or stanza that is enabled and that aptroot can use. */
export interface AptSource {
  readonly place: AptPlace
  /** http, https or file, without credentials and without a slash at the end. */
  readonly uris: readonly [string, ...string[]]
  readonly suites: readonly [string, ...string[]]
  /** Empty for a flat repository (its suites end in `/`). */
  readonly components: readonly string[]
  /** undefined: all of the host. */
  readonly architectures: readonly string[] | undefined
  readonly signedBy: AptSignedBy | undefined
  /** `yes`: apt would take this archive without any signature. */
  readonly trusted: 'yes' | 'by-signature'
}

/** Something in apt's configuration that was left out or changed on the way; one line, fit to print. */
export interface AptNote {
  readonly place: AptPlace
  readonly message: string
}

export interface AptSources {
  /** In the order in which apt would prefer them. */
  readonly sources: readonly AptSource[]
  readonly notes: readonly AptNote[]
}

/** What both formats of sources.list(5) say, before it is judged. */
export interface AptSourceText {
  readonly place: AptPlace
  readonly types: readonly string[]
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** Option names as in a `.sources` file, in lower case. */
  readonly options: ReadonlyMap<string, string>
}

const knownTypes = ['deb', 'deb-src']

/**
 * Judges an entry of either format.
 *
 * @throws {Fault} `APT_SOURCES_MALFORMED` for what apt refuses too
 */
export function judgeSource(text: AptSourceText): AptSources {
  const { place, options } = text
  const unknown = text.types.find(type => !knownTypes.includes(type))
  if (unknown !== undefined) throw sourcesFault(place, `the type ${quoted(unknown)} is neither deb nor deb-src`)
  if (text.types.length === 0) throw sourcesFault(place, 'there is no type (deb or deb-src)')
  const [firstSuite, ...moreSuites] = text.suites
  if (text.uris.length === 0) throw sourcesFault(place, 'there is no URI')
  if (firstSuite === undefined) throw sourcesFault(place, 'there is no suite')
  judgeComponents(text)

  if (!isOn(options.get('enabled'), 'yes') || !text.types.includes('deb')) return { sources: [], notes: [] }
  const obstacle = obstacleOf(text)
  if (obstacle !== undefined) return { sources: [], notes: [{ place, message: `left out: ${obstacle}` }] }

  const notes: AptNote[] = []
  const uris: string[] = []
  for (const uri of text.uris) {
    const usable = usableUri(uri, place)
    if (usable.note !== undefined) notes.push({ place, message: usable.note })
    if (usable.uri !== undefined && !uris.includes(usable.uri)) uris.push(usable.uri)
  }
  const [firstUri, ...moreUris] = uris
  if (firstUri === undefined) return { sources: [], notes }
  const source: AptSource = {
    place,
    uris: [firstUri, ...moreUris],
    suites: [firstSuite, ...moreSuites],
    components: text.components,
    architectures: architecturesOf(options),
    signedBy: signedByOf(options.get('signed-by'), place),
    trusted: isOn(options.get('trusted'), 'no') ? 'yes' : 'by-signature',
  }
  return { sources: [source], notes }
}

/** The words of apt's yes and no; anything else means the default, as for apt. */
export function isOn(value: string | undefined, otherwise: 'yes' | 'no'): boolean {
  const word = value?.toLowerCase() ?? ''
  if (['yes', 'true', 'with', 'on', 'enable', '1'].includes(word)) return true
  if (['no', 'false', 'without', 'off', 'disable', '0'].includes(word)) return false
  return otherwise === 'yes'
}

export function sourcesFault({ file, line }: AptPlace, problem: string): Fault {
  return new Fault('APT_SOURCES_MALFORMED', {
    message: `${file}:${line}: ${problem}`,
    hint: 'An entry reads like `deb [signed-by=/usr/share/keyrings/NAME.gpg] http://mirror.example.org/debian bookworm main`.',
    context: { file, line },
  })
}

/** A suite that ends in a slash is the path of a flat repository, which has no components; every other suite needs one. */
function judgeComponents({ place, suites, components }: AptSourceText): void {
  const flat = suites.find(suite => suite.endsWith('/'))
  if (flat !== undefined && components.length > 0)
    throw sourcesFault(place, `${quoted(flat)} is a flat repository, which has no components`)
  const plain = suites.find(suite => !suite.endsWith('/'))
  if (plain !== undefined && components.length === 0)
    throw sourcesFault(place, `the suite ${quoted(plain)} has no component, such as main`)
}

/** Why aptroot cannot use an entry that apt can. */
function obstacleOf({ uris, suites, options }: AptSourceText): string | undefined {
  const variable = [...uris, ...suites].find(each => /\$\((ARCH|VERSION)\)/.test(each))
  if (variable !== undefined) return `${quoted(withoutQuery(variable))} depends on the host that reads it`
  if (options.has('architectures-remove')) return 'architectures are taken away from a default of the host'
  return undefined
}

/** `architectures-add` only adds to the architectures of the host: no restriction. */
function architecturesOf(options: ReadonlyMap<string, string>): readonly string[] | undefined {
  const named = listOf(options.get('architectures'))
  if (named.length === 0) return undefined
  return [...new Set([...named, ...listOf(options.get('architectures-add'))])]
}

function listOf(value: string | undefined): string[] {
  return (value ?? '').split(/[\s,]+/).filter(each => each !== '')
}

function usableUri(text: string, place: AptPlace): { readonly uri?: string; readonly note?: string } {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) throw sourcesFault(place, `${quoted(withoutQuery(text))} is no URI`)
  if (!['http', 'https', 'file', 'copy'].includes(scheme))
    return { note: `left out: aptroot has no way to fetch by ${quoted(scheme)}` }
  let url: URL
  try {
    // `copy:` differs from `file:` only in that apt copies the files.
    url = new URL(text.replace(/^copy:/i, 'file:'))
  } catch {
    throw sourcesFault(place, `an ${scheme} URI cannot be read`)
  }
  const isSecret = url.username !== '' || url.password !== ''
  url.username = ''
  url.password = ''
  const uri = url.href.replace(/\/+$/, '')
  if (!isSecret) return { uri }
  return {
    uri,
    note: `the credentials in the address of ${redacted(url)} were left out: a manifest is no place for them`,
  }
}

function signedByOf(value: string | undefined, place: AptPlace): AptSignedBy | undefined {
  if (value === undefined || value.trim() === '') return undefined
  if (value.includes('-----BEGIN PGP')) return { kind: 'inline', armor: value.endsWith('\n') ? value : `${value}\n` }
  const paths: string[] = []
  const fingerprints: string[] = []
  for (const item of listOf(value)) {
    // An exclamation mark asks for this very subkey; a fingerprint names it exactly already.
    const fingerprint = /^([0-9a-f]{40}|[0-9a-f]{64})!?$/i.exec(item)?.[1]
    if (fingerprint !== undefined) fingerprints.push(fingerprint.toUpperCase())
    else if (item.startsWith('/')) paths.push(item)
    else throw sourcesFault(place, `Signed-By ${quoted(item)} is neither an absolute path nor a whole fingerprint`)
  }
  return { kind: 'key-rings', paths, fingerprints }
}

/** An address as it may be shown: what may be a password is gone. */
function withoutQuery(text: string): string {
  return text.replace(/\/\/.*@/, '//').replace(/\?.*$/, '')
}
