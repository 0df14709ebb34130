import { byteStringOf } from '../codec/index.ts'
import {
  formatOrGroup,
  formatProvidedName,
  formatRelation,
  parseOrGroups,
  parseProvides,
  parseRelations,
  type Relation,
} from '../debian/index.ts'
import { lowerCaseNames, type PackageFacts } from './package-facts.ts'

export interface StatusConffile {
  /** Byte string without a leading slash. */
  readonly path: string
  /** What follows the path: an MD5 digest or `newconffile`, then flags. */
  readonly state: string
}

export interface StatusOf {
  readonly facts: PackageFacts
  readonly state: 'installed' | 'unpacked'
  readonly conffiles: readonly StatusConffile[]
}

type Rule = (status: StatusOf, name: string) => string | undefined

/** The order of `fieldinfos` in dpkg's parse.c; every other field follows in the order of the deb. */
const rules: readonly (readonly [name: string, rule: Rule])[] = [
  ['Package', ({ facts }) => facts.name],
  ['Essential', yesOrNothing],
  ['Protected', yesOrNothing],
  ['Status', ({ state }) => `install ok ${state}`],
  ['Priority', priority],
  ['Section', asWritten],
  ['Installed-Size', asWritten],
  ['Origin', asWritten],
  ['Maintainer', asWritten],
  ['Bugs', asWritten],
  ['Architecture', ({ facts }) => facts.deb.architecture],
  ['Multi-Arch', ({ facts }) => (facts.deb.multiArch === 'no' ? undefined : facts.deb.multiArch)],
  ['Source', asWritten],
  ['Version', ({ facts }) => plainVersion(facts.deb.version)],
  ['Replaces', relations],
  ['Provides', provides],
  ['Depends', orGroups],
  ['Pre-Depends', orGroups],
  ['Recommends', orGroups],
  ['Suggests', orGroups],
  ['Breaks', relations],
  ['Conflicts', relations],
  ['Enhances', orGroups],
  ['Conffiles', conffiles],
  ['Description', asWritten],
]

/** Fields that dpkg knows and does not copy from a deb: of the archive, of its own state, obsolete names. */
const leftOut = [
  'Config-Version',
  'Filename',
  'Size',
  'MD5sum',
  'MSDOS-Filename',
  'Triggers-Pending',
  'Triggers-Awaited',
  'Recommended',
  'Optional',
  'Class',
  'Revision',
  'Package-Revision',
  'Package_Revision',
]

const known = new Set([...rules.map(([name]) => name), ...leftOut].map(name => name.toLowerCase()))

/**
 * The stanza of one package in `/var/lib/dpkg/status` with its final empty line, as a byte string.
 *
 * Relations are written in dpkg's spelling, the other values byte for byte as the deb has them.
 *
 * @throws {Fault} `RELATION_MALFORMED`
 */
export function formatStatusStanza(status: StatusOf): string {
  let text = ''
  for (const [name, rule] of rules) {
    const value = rule(status, name)
    if (value !== undefined && value !== '')
      text += value.startsWith('\n') && name === 'Conffiles' ? `${name}:${value}\n` : `${name}: ${value}\n`
  }
  const { control } = status.facts
  for (const name of control.fieldNames())
    if (!known.has(name.toLowerCase())) text += `${name}: ${asWritten(status, name) ?? ''}\n`
  return `${text}\n`
}

function asWritten({ facts }: StatusOf, name: string): string | undefined {
  const bytes = facts.control.fieldBytes(name)
  return bytes === undefined ? undefined : byteStringOf(bytes)
}

function yesOrNothing({ facts }: StatusOf, name: string): string | undefined {
  return facts.control.field(name)?.toLowerCase() === 'yes' ? 'yes' : undefined
}

/** dpkg reads the names that it knows in any case. */
function priority(status: StatusOf, name: string): string | undefined {
  const value = asWritten(status, name)
  const lowerCase = value?.toLowerCase() ?? ''
  if (lowerCase === 'unknown') return undefined
  return ['required', 'important', 'standard', 'optional', 'extra'].includes(lowerCase) ? lowerCase : value
}

function relations(status: StatusOf, name: string): string | undefined {
  const value = status.facts.control.field(name)
  return value === undefined
    ? undefined
    : parseRelations(lowerCaseNames(value)).map(plain).map(formatRelation).join(', ')
}

function orGroups(status: StatusOf, name: string): string | undefined {
  const value = status.facts.control.field(name)
  if (value === undefined) return undefined
  return parseOrGroups(lowerCaseNames(value))
    .map(([first, ...others]) => formatOrGroup([plain(first), ...others.map(plain)]))
    .join(', ')
}

function provides(status: StatusOf, name: string): string | undefined {
  const value = status.facts.control.field(name)
  if (value === undefined) return undefined
  return parseProvides(lowerCaseNames(value))
    .map(each => (each.version === undefined ? each : { ...each, version: plainVersion(each.version) }))
    .map(formatProvidedName)
    .join(', ')
}

function conffiles({ conffiles: lines }: StatusOf): string | undefined {
  return lines.map(({ path, state }) => `\n /${path} ${state}`).join('')
}

function plain(relation: Relation): Relation {
  const { constraint } = relation
  if (constraint === undefined) return relation
  return { ...relation, constraint: { ...constraint, version: plainVersion(constraint.version) } }
}

/** dpkg keeps the epoch as a number and does not write it when it is zero. */
function plainVersion(version: string): string {
  return version.replace(/^0*([0-9]*):/, (_, epoch: string) => (epoch === '' ? '' : `${epoch}:`))
}
