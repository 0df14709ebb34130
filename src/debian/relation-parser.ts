import { Fault, quoted } from '../kernel/index.ts'
import { isPackageName } from './package-name.ts'
import type {
  OrGroup,
  ProvidedName,
  Relation,
  RestrictedOrGroup,
  RestrictedRelation,
  VersionConstraint,
  VersionOperator,
} from './relation.ts'
import { versionProblem } from './version.ts'

/**
 * Reads Depends, Pre-Depends, Recommends, Suggests or Enhances of a binary package: or-groups separated by commas.
 *
 * Blanks and line breaks are free between the parts, and a comma may end the field. `<` and `>` are read as `<=` and
 * `>=`, a version without operator as `=`, both as dpkg does. Restrictions are refused: they belong to source packages
 * (`parseRestrictedOrGroups`).
 *
 * @throws {Fault} `RELATION_MALFORMED` with the position in the field
 * @see Debian Policy 7.1
 */
export function parseOrGroups(field: string): readonly OrGroup[] {
  return parseList(field, cursor => parseGroup(cursor, parseRelation))
}

/**
 * Reads Conflicts, Breaks or Replaces of a binary package: relations separated by commas, no alternatives.
 *
 * @throws {Fault} `RELATION_MALFORMED`
 * @see Debian Policy 7.3, 7.4, 7.6
 */
export function parseRelations(field: string): readonly Relation[] {
  return parseList(field, cursor => withoutAlternatives(cursor, parseRelation(cursor)))
}

/**
 * Reads Provides of a binary package: names, with an exact version or none.
 *
 * @throws {Fault} `RELATION_MALFORMED`
 * @see Debian Policy 7.5
 */
export function parseProvides(field: string): readonly ProvidedName[] {
  return parseList(field, cursor => {
    const relation = withoutAlternatives(cursor, parseRelation(cursor))
    const { constraint } = relation
    if (constraint !== undefined && constraint.operator !== '=')
      throw malformed(cursor, `"${constraint.operator}" where only "=" is allowed`)
    return {
      name: relation.packageName,
      version: constraint?.version,
      architectureQualifier: relation.architectureQualifier,
    }
  })
}

/**
 * Reads relations as a source package or a manifest writes them: as `parseOrGroups`, and after each alternative
 * architectures in brackets and build profiles in angle brackets.
 *
 * @throws {Fault} `RELATION_MALFORMED`, also when `[…]` negates some of its architectures only
 * @see Debian Policy 7.1, https://wiki.debian.org/BuildProfileSpec
 */
export function parseRestrictedOrGroups(field: string): readonly RestrictedOrGroup[] {
  return parseList(field, cursor => parseGroup(cursor, parseRestrictedRelation))
}

interface Cursor {
  readonly text: string
  at: number
}

function parseList<Item>(text: string, parseItem: (cursor: Cursor) => Item): readonly Item[] {
  const cursor: Cursor = { text, at: 0 }
  const items: Item[] = []
  skipBlanks(cursor)
  while (cursor.at < text.length) {
    items.push(parseItem(cursor))
    if (cursor.at === text.length) break
    expect(cursor, ',')
    skipBlanks(cursor)
  }
  return items
}

function parseGroup<Alternative>(
  cursor: Cursor,
  parseAlternative: (cursor: Cursor) => Alternative,
): readonly [Alternative, ...Alternative[]] {
  const group: [Alternative, ...Alternative[]] = [parseAlternative(cursor)]
  while (cursor.text[cursor.at] === '|') {
    cursor.at++
    skipBlanks(cursor)
    group.push(parseAlternative(cursor))
  }
  return group
}

function withoutAlternatives(cursor: Cursor, relation: Relation): Relation {
  if (cursor.text[cursor.at] === '|') throw malformed(cursor, 'alternatives are not allowed in this field')
  return relation
}

function parseRelation(cursor: Cursor): Relation {
  const packageName = readName(cursor)
  const architectureQualifier = readQualifier(cursor)
  skipBlanks(cursor)
  const constraint = readConstraint(cursor)
  return { packageName, architectureQualifier, constraint }
}

/** What most relations look like. Names and versions are judged apart. */
const plainRelation = /^([A-Za-z0-9+._-]+)(?::([a-z0-9-]+))?(?: \((<<|<=|=|>=|>>) ([A-Za-z0-9.+~:_-]+)\))?$/

/** As `parseRelations`, for one relation that is written in the usual way, in one native search; undefined: `parseRelations` has to judge it. */
export function readPlainRelation(text: string): Relation | undefined {
  // More than half of them are a name alone, which needs no list of what was found.
  if (isPackageName(text)) return { packageName: text, architectureQualifier: undefined, constraint: undefined }
  const found = plainRelation.exec(text)
  if (found === null) return undefined
  // By number: taking a list apart by a pattern is an interpreted loop.
  const packageName = found[1] as string
  const architectureQualifier = found[2]
  const operator = found[3]
  const version = found[4] as string
  if (!isPackageName(packageName)) return undefined
  if (operator === undefined) return { packageName, architectureQualifier, constraint: undefined }
  if (versionProblem(version) !== undefined) return undefined
  return { packageName, architectureQualifier, constraint: { operator: operator as VersionOperator, version } }
}

function parseRestrictedRelation(cursor: Cursor): RestrictedRelation {
  const relation = parseRelation(cursor)
  const architectures = readTerms(cursor, '[', ']')
  const negated = architectures?.filter(each => each.startsWith('!')).length ?? 0
  if (negated !== 0 && negated !== architectures?.length)
    throw malformed(cursor, 'either all architectures in brackets are negated, or none is')
  const profiles: (readonly [string, ...string[]])[] = []
  for (;;) {
    const terms = readTerms(cursor, '<', '>')
    if (terms === undefined) return { ...relation, architectures, profiles }
    profiles.push(terms)
  }
}

function readName(cursor: Cursor): string {
  const start = cursor.at
  const name = take(cursor, nameCharacters)
  if (isPackageName(name)) return name
  cursor.at = start
  throw malformed(cursor, 'a package name was expected')
}

function readQualifier(cursor: Cursor): string | undefined {
  if (cursor.text[cursor.at] !== ':') return undefined
  cursor.at++
  const architecture = take(cursor, architectureCharacters)
  if (architecture === '') throw malformed(cursor, 'an architecture was expected after the colon')
  return architecture
}

function readConstraint(cursor: Cursor): VersionConstraint | undefined {
  if (cursor.text[cursor.at] !== '(') return undefined
  cursor.at++
  skipBlanks(cursor)
  const operator = readOperator(cursor)
  skipBlanks(cursor)
  const start = cursor.at
  const version = take(cursor, versionCharacters)
  const problem = versionProblem(version)
  if (problem !== undefined) {
    cursor.at = start
    throw malformed(cursor, `${quoted(version)} is not a version: ${problem}`)
  }
  skipBlanks(cursor)
  expect(cursor, ')')
  skipBlanks(cursor)
  return { operator, version }
}

function readOperator(cursor: Cursor): VersionOperator {
  const first = cursor.text[cursor.at]
  if (first !== '<' && first !== '>' && first !== '=') return '='
  cursor.at++
  if (first === '=') return '='
  const second = cursor.text[cursor.at]
  if (second !== '=' && second !== first) return first === '<' ? '<=' : '>='
  cursor.at++
  if (second === '=') return first === '<' ? '<=' : '>='
  return first === '<' ? '<<' : '>>'
}

/** Words between two brackets, `!` allowed before each; undefined when the opening one is not there. */
function readTerms(cursor: Cursor, open: string, close: string): readonly [string, ...string[]] | undefined {
  if (cursor.text[cursor.at] !== open) return undefined
  cursor.at++
  skipBlanks(cursor)
  const terms: string[] = []
  while (cursor.text[cursor.at] !== close) {
    const start = cursor.at
    if (cursor.text[cursor.at] === '!') cursor.at++
    if (take(cursor, termCharacters) === '') throw malformed(cursor, `a name or "${close}" was expected`)
    terms.push(cursor.text.slice(start, cursor.at))
    skipBlanks(cursor)
  }
  cursor.at++
  skipBlanks(cursor)
  const [first, ...rest] = terms
  if (first === undefined) throw malformed(cursor, `nothing stands between "${open}" and "${close}"`)
  return [first, ...rest]
}

function expect(cursor: Cursor, character: string): void {
  const found = cursor.text[cursor.at]
  if (found === character) cursor.at++
  else if (found === '[' || found === '<')
    throw malformed(cursor, 'architectures and build profiles are allowed in source packages and manifests only')
  else throw malformed(cursor, `"${character}" was expected`)
}

function skipBlanks(cursor: Cursor): void {
  if (cursor.text.charCodeAt(cursor.at) <= 0x20) take(cursor, blanks)
}

// Sticky patterns, each of which matches anywhere, if need be nothing: one native search instead of a loop over characters,
// which runs interpreted in a process that lives for half a second.
const blanks = /[ \t\n\r]*/y
const versionCharacters = /[^) \t\n\r]*/y
const nameCharacters = /[A-Za-z0-9+._-]*/y
/** Lower-case letters, digits and hyphen: what dpkg's tables have. */
const architectureCharacters = /[a-z0-9-]*/y
/** Build profiles may have an extension after a dot (`pkg.systemd.upstream`). */
const termCharacters = /[a-z0-9.+-]*/y

/** What a sticky pattern matches where the cursor stands, which moves behind it. */
function take(cursor: Cursor, pattern: RegExp): string {
  const start = cursor.at
  pattern.lastIndex = start
  pattern.test(cursor.text)
  cursor.at = pattern.lastIndex
  return cursor.text.slice(start, cursor.at)
}

function malformed(cursor: Cursor, problem: string): Fault {
  const { text, at } = cursor
  const place = at >= text.length ? 'at the end' : `at character ${at + 1}, ${quoted(text.slice(at, at + 20))}`
  return new Fault('RELATION_MALFORMED', {
    message: `${quoted(text)} is not a list of relations: ${problem} ${place}`,
    hint: 'Relations read `name`, `name (>= version)`, `one | other`, separated by commas; see Debian Policy 7.1.',
    context: { field: text.slice(0, 1000), character: at + 1 },
  })
}
