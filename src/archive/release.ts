import { ControlSyntaxError, linesOf, readSingleStanza, type Stanza } from '../debian-control-parser/index.ts'
import { encodeUtf8, Fault, type FaultCode, quoted } from '../kernel/index.ts'
import type { VerifiedRelease } from '../openpgp/index.ts'
import { parseReleaseDate } from './release-date.ts'

declare const trusted: unique symbol

/** The text of a Release that nobody signed and the manifest trusts all the same (`trusted: {reason: …}`). */
export interface TrustedRelease {
  readonly text: string
  readonly reason: string
  readonly [trusted]: 'by the manifest'
}

/** For archives whose manifest entry says `trusted:`, and for nothing else. */
export function releaseTrustedByManifest(text: string, reason: string): TrustedRelease {
  return { text, reason } as TrustedRelease
}

/** What a Release lists of one file. At least one of the digests is there. */
export interface ListedFile {
  /** Relative to the folder of the Release; a look-up key, never part of a path before it was compared. */
  readonly path: string
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly sha256: string | undefined
  readonly sha512: string | undefined
}

/** A Release file, read. */
export interface Release {
  readonly origin: string | undefined
  readonly label: string | undefined
  readonly suite: string | undefined
  readonly codename: string | undefined
  readonly version: string | undefined
  readonly date: Date
  readonly validUntil: Date | undefined
  /** Empty when the Release does not say, as flat repositories often do not. */
  readonly components: readonly string[]
  readonly architectures: readonly string[]
  readonly acquireByHash: boolean
  readonly notAutomatic: boolean
  readonly butAutomaticUpgrades: boolean
  /** Whether packages of `all` lie in indexes of their own; else each `binary-ARCH` repeats them. */
  readonly separateAllIndexes: boolean
  readonly files: ReadonlyMap<string, ListedFile>
}

/**
 * Reads a Release. SHA1 and MD5 lists are not looked at.
 *
 * @param name for messages: the URL it came from
 * @throws {Fault} `RELEASE_MALFORMED`; `RELEASE_WEAK_HASH` when it lists neither SHA256 nor SHA512
 * @see the wiki page DebianRepository/Format
 */
export function parseRelease({ text }: VerifiedRelease | TrustedRelease, name: string): Release {
  const stanza = stanzaOf(text, name)
  const architectures = wordsOf(stanza.field('Architectures'))
  return {
    origin: stanza.field('Origin'),
    label: stanza.field('Label'),
    suite: stanza.field('Suite'),
    codename: stanza.field('Codename'),
    version: stanza.field('Version'),
    date: requiredDate(stanza, name),
    validUntil: optionalDate(stanza, 'Valid-Until', name),
    components: wordsOf(stanza.field('Components')),
    architectures,
    acquireByHash: isYes(stanza.field('Acquire-By-Hash')),
    notAutomatic: isYes(stanza.field('NotAutomatic')),
    butAutomaticUpgrades: isYes(stanza.field('ButAutomaticUpgrades')),
    separateAllIndexes:
      architectures.includes('all') && !wordsOf(stanza.field('No-Support-for-Architecture-all')).includes('Packages'),
    files: listedFiles(stanza, name),
  }
}

function stanzaOf(text: string, name: string): Stanza {
  try {
    return readSingleStanza(encodeUtf8(text))
  } catch (error) {
    if (!(error instanceof ControlSyntaxError)) throw error
    throw malformed(name, error.message, error)
  }
}

function listedFiles(stanza: Stanza, name: string): ReadonlyMap<string, ListedFile> {
  const files = new Map<string, ListedFile>()
  for (const field of ['SHA256', 'SHA512'] as const) {
    const value = stanza.field(field)
    if (value === undefined) continue
    for (const line of linesOf(value)) if (line.trim() !== '') addListed(files, field, line.trim(), name)
  }
  if (files.size === 0)
    throw releaseFault('RELEASE_WEAK_HASH', name, {
      reason: `it lists no file with SHA256 or SHA512 (its lists: ${hashFieldsOf(stanza)})`,
      hint: 'Ask the archive for SHA256; MD5 and SHA1 prove nothing.',
    })
  return files
}

function hashFieldsOf(stanza: Stanza): string {
  const fields = stanza.fieldNames().filter(field => /^(md5sum|sha\d+)$/i.test(field))
  return fields.length === 0 ? 'none' : fields.join(', ')
}

function addListed(files: Map<string, ListedFile>, field: 'SHA256' | 'SHA512', line: string, name: string): void {
  const match = /^([0-9a-fA-F]+)[ \t]+(\d{1,15})[ \t]+(\S+)$/.exec(line)
  const [, digest = '', size = '', listedPath = ''] = match ?? []
  if (digest.length !== (field === 'SHA256' ? 64 : 128))
    throw malformed(name, `${quoted(line)} in ${field} is no digest, size and path`)
  const path = listedPath.replace(/^(\.\/)+/, '')
  const sizeBytes = Number(size)
  const earlier = files.get(path)
  const key = field === 'SHA256' ? 'sha256' : 'sha512'
  const differs = earlier?.[key] !== undefined && earlier[key] !== digest.toLowerCase()
  if (earlier !== undefined && (earlier.sizeBytes !== sizeBytes || differs))
    throw malformed(name, `${quoted(path)} is listed twice, with different sizes or digests`)
  const base = earlier ?? { path, sizeBytes, sha256: undefined, sha512: undefined }
  files.set(path, { ...base, [key]: digest.toLowerCase() })
}

function requiredDate(stanza: Stanza, name: string): Date {
  const date = optionalDate(stanza, 'Date', name)
  if (date === undefined) throw malformed(name, 'it has no Date')
  return date
}

function optionalDate(stanza: Stanza, field: string, name: string): Date | undefined {
  const value = stanza.field(field)
  if (value === undefined) return undefined
  const date = parseReleaseDate(value)
  if (date === undefined) throw malformed(name, `its ${field} ${quoted(value)} is no date`)
  return date
}

function wordsOf(value: string | undefined): readonly string[] {
  return (value ?? '').split(/\s+/).filter(word => word !== '')
}

function isYes(value: string | undefined): boolean {
  return value?.toLowerCase() === 'yes'
}

function malformed(name: string, reason: string, cause?: unknown): Fault {
  const hint = 'The archive wrote a broken file; try another mirror with `--mirror ID=URI`.'
  return releaseFault('RELEASE_MALFORMED', name, { reason, hint, cause })
}

interface ReleaseFaultDetails {
  readonly reason: string
  readonly hint: string
  readonly cause?: unknown
}

function releaseFault(code: FaultCode, name: string, { reason, hint, cause }: ReleaseFaultDetails): Fault {
  return new Fault(code, { message: `${name} cannot be used: ${reason}`, hint, context: { file: name }, cause })
}
