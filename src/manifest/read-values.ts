import { compareBytes, didYouMean, isFault, quoted } from '../kernel/index.ts'
import { type ManifestNode, type MappingNode, manifestFault, positionOf, type ScalarNode } from './manifest-node.ts'
import { hasShape, type PatternName } from './patterns.ts'

/** What a mapping may hold. `later`: keys that the format has and this version cannot obey yet. */
export interface KeySet<Key extends string> {
  /** For messages: `a manifest`, `an archive`. */
  readonly of: string
  readonly keys: readonly Key[]
  readonly later?: readonly string[]
}

export type Fields<Key extends string> = Readonly<Partial<Record<Key, ManifestNode>>> & { readonly node: MappingNode }

/**
 * The values of a mapping by key.
 *
 * @throws {Fault} `MANIFEST_INVALID` for anything but a mapping, and for a key that is unknown or of a later version
 */
export function fieldsOf<Key extends string>(node: ManifestNode, set: KeySet<Key>): Fields<Key> {
  if (node.kind !== 'mapping') throw wrongKind(node, set.of, `keys and values (${set.keys.join(', ')})`)
  const fields: Partial<Record<Key, ManifestNode>> = {}
  for (const { key, value } of node.entries) {
    const known = set.keys.find(each => each === key.value)
    if (known === undefined) throw unknownKey(key, set)
    fields[known] = value
  }
  // The type of `fields` has no key `node`: no mapping of the manifest has one.
  return { ...fields, node }
}

/** @throws {Fault} `MANIFEST_INVALID` when nothing was written */
export function required(node: ManifestNode | undefined, inside: MappingNode, what: string): ManifestNode {
  if (node !== undefined) return node
  throw manifestFault(inside, {
    message: `${what} is missing`,
    hint: `Add it; ${inside.source.page} describes every key.`,
  })
}

export function stringOf(node: ManifestNode, what: string): string {
  if (node.kind === 'scalar' && typeof node.value === 'string') return node.value
  if (node.kind === 'scalar' && node.value !== undefined) {
    throw manifestFault(node, {
      message: `${what} is ${typeof node.value === 'number' ? 'a number' : 'true or false'} for YAML, where text is wanted`,
      hint: `Put it in quotes: "${textOf(node)}".`,
    })
  }
  throw wrongKind(node, what, 'text')
}

/** @param expected how such a text looks, for the message */
export function shapedOf(node: ManifestNode, what: string, shape: { readonly is: PatternName; readonly like: string }) {
  const text = stringOf(node, what)
  if (hasShape(shape.is, text)) return text
  throw manifestFault(node, {
    message: `${what} ${quoted(text)} does not look like ${shape.like}`,
    hint: `Correct it; ${node.source.page} describes every key.`,
  })
}

export function booleanOf(node: ManifestNode, what: string): boolean {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
  throw wrongKind(node, what, 'true or false')
}

export function integerOf(node: ManifestNode, what: string, range: { readonly least: number; readonly most: number }) {
  if (node.kind !== 'scalar' || typeof node.value !== 'number') throw wrongKind(node, what, 'a whole number')
  const { value } = node
  if (Number.isSafeInteger(value) && value >= range.least && value <= range.most) return value
  throw manifestFault(node, {
    message: `${what} is ${value}, which is no whole number from ${range.least} to ${range.most}`,
    hint: 'Correct the number.',
  })
}

export function choiceOf<Choice extends string>(
  node: ManifestNode,
  what: string,
  choices: { readonly of: readonly Choice[]; readonly later?: readonly string[] },
): Choice {
  const text = stringOf(node, what)
  const found = choices.of.find(each => each === text)
  if (found !== undefined) return found
  if (choices.later?.includes(text)) throw notYet(node, `${what} ${quoted(text)}`)
  throw manifestFault(node, {
    message: `${what} cannot be ${quoted(text)}`,
    hint: [didYouMean(text, choices.of), `Allowed: ${choices.of.join(', ')}.`].filter(Boolean).join(' '),
  })
}

/** The items of a list; twins (two items that read alike) are refused, since one of them is an oversight. */
export function listOf<Item>(
  node: ManifestNode,
  what: string,
  read: { readonly item: (node: ManifestNode) => Item; readonly identity: (item: Item) => string },
): readonly Item[] {
  if (node.kind !== 'list') throw wrongKind(node, what, 'a list')
  const seen = new Map<string, ManifestNode>()
  return node.items.map(each => {
    const item = read.item(each)
    const identity = read.identity(item)
    const earlier = seen.get(identity)
    if (earlier !== undefined) throw twin(each, earlier, `${what}: ${quoted(identity)}`)
    seen.set(identity, each)
    return item
  })
}

/** A list of texts of one shape. */
export function shapedListOf(
  node: ManifestNode,
  what: { readonly list: string; readonly item: string },
  shape: { readonly is: PatternName; readonly like: string },
): readonly string[] {
  return listOf(node, what.list, { item: each => shapedOf(each, what.item, shape), identity: text => text })
}

/** Names to texts, in byte order of the names. */
export function shapedMapOf(
  node: ManifestNode,
  what: string,
  shape: { readonly key: PatternName; readonly value: PatternName },
): ReadonlyMap<string, string> {
  if (node.kind !== 'mapping') throw wrongKind(node, what, 'names and texts')
  const pairs = node.entries.map(({ key, value }): readonly [string, string] => [
    shapedOf(key, `a name in ${what}`, { is: shape.key, like: 'a name' }),
    shapedOf(value, `${quoted(key.value)} in ${what}`, { is: shape.value, like: 'text without control characters' }),
  ])
  return new Map(pairs.sort(([left], [right]) => compareBytes(left, right)))
}

const secondsByUnit: Readonly<Record<string, number>> = { h: 3600, d: 86_400, w: 604_800 }

/** `12h`, `14d`, `2w` in seconds. */
export function durationOf(node: ManifestNode, what: string): number {
  const text = shapedOf(node, what, { is: 'maximumAge', like: '12h, 14d or 2w' })
  return Number(text.slice(0, -1)) * (secondsByUnit[text.slice(-1)] ?? 0)
}

/** An ISO date that the calendar has. */
export function dateOf(node: ManifestNode, what: string): string {
  const text = shapedOf(node, what, { is: 'date', like: 'a date such as 2027-01-31' })
  const date = new Date(`${text}T00:00:00Z`)
  if (!Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)) return text
  throw manifestFault(node, { message: `${what} ${text} is no day of the calendar`, hint: 'Correct the date.' })
}

export function nonEmpty<Item>(items: readonly Item[], node: ManifestNode, what: string): readonly [Item, ...Item[]] {
  const [first, ...rest] = items
  if (first !== undefined) return [first, ...rest]
  throw manifestFault(node, { message: `${what} is an empty list`, hint: 'Write at least one item.' })
}

/**
 * A path below the project's folder, as text: neither absolute nor with `..`. Symbolic links are judged where files are opened.
 *
 * @returns without `.`, doubled and trailing slashes; empty for the folder itself
 * @throws {Fault} `MANIFEST_PATH_OUTSIDE`
 */
export function pathInProjectOf(node: ManifestNode, what: string): string {
  const text = shapedOf(node, what, { is: 'line', like: 'a path' })
  if (!hasShape('pathInProject', text)) {
    throw manifestFault(node, {
      code: 'MANIFEST_PATH_OUTSIDE',
      message: `${what} ${quoted(text)} leaves the folder of the manifest`,
      hint: 'Write a path relative to the manifest, without `..`.',
    })
  }
  return text
    .split('/')
    .filter(step => step !== '' && step !== '.')
    .join('/')
}

/** Lets a fault of the rooms below keep its sentence and gain a place in the manifest. */
export function placed<Result>(node: ManifestNode, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    if (!isFault(error)) throw error
    const code = error.code === 'DISTRIBUTION_UNKNOWN' ? error.code : 'MANIFEST_INVALID'
    throw manifestFault(node, { code, message: error.message, hint: error.hint ?? 'Correct this value.' })
  }
}

export function twin(node: ManifestNode, earlier: ManifestNode, what: string) {
  return manifestFault(node, {
    message: `${what} is written twice, first in line ${positionOf(earlier).line}`,
    hint: 'Remove one of the two.',
  })
}

function unknownKey<Key extends string>(key: ScalarNode & { readonly value: string }, set: KeySet<Key>) {
  if (set.later?.includes(key.value)) return notYet(key, `the key \`${key.value}\``)
  return manifestFault(key, {
    message: `${quoted(key.value)} is not a key of ${set.of}`,
    hint: [didYouMean(key.value, set.keys), `Its keys are ${set.keys.join(', ')}.`].filter(Boolean).join(' '),
  })
}

/** Accepting and ignoring a key would build another image than the one that was asked for. */
function notYet(node: ManifestNode, what: string) {
  return manifestFault(node, {
    message: `this version of aptroot does not support ${what} yet`,
    hint: 'Remove it, or use a later version of aptroot.',
  })
}

function wrongKind(node: ManifestNode, what: string, wanted: string) {
  return manifestFault(node, {
    message: `${what} must be ${wanted}, and is ${kindOf(node)}`,
    hint: `Correct it; ${node.source.page} describes every key.`,
  })
}

function kindOf(node: ManifestNode): string {
  switch (node.kind) {
    case 'list':
      return 'a list'
    case 'mapping':
      return 'a mapping of keys to values'
    case 'scalar':
      return node.value === undefined ? 'empty' : quoted(textOf(node))
  }
}

function textOf(node: ScalarNode): string {
  return node.source.text.slice(node.start, node.end)
}
