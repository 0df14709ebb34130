import { compareBytes } from '../kernel/index.ts'
import { blockOf, type LockedDeb, type Lockfile } from './model.ts'
import { debKey, type SourceBlock, sourceBlocks } from './sources.ts'

const heading =
  '# Written by aptroot; read the change with `aptroot lock diff`, change it with `aptroot lock update`.\n'

/**
 * The canonical text of a lockfile: equal values give equal bytes, whatever the order of their lists.
 *
 * UTF-8, LF, byte order, fixed key order, every string quoted: a version `20250419` or `1:2` must not become a number.
 */
export function writeLockfile(lock: Lockfile): string {
  const blocks = sourceBlocks(lock.debs)
  // Array literals, not push(...): a list of 100,000 lines is more than a call takes as arguments.
  const lines = [
    `lock: ${lock.format}`,
    ...featureLines(lock.debs),
    ...requestLines(lock),
    ...keyLines(lock.keys),
    blocks.length === 0 ? 'sources: {}' : 'sources:',
    ...blocks.map(block => sourceLines(block, lock).join('\n')),
    ...(lock.unknown.get(blockOf({ kind: 'file' })) ?? []),
  ]
  return `${heading}${lines.join('\n')}\n`
}

/** A reader that does not know debs without a hash must not guess. */
function featureLines(debs: readonly LockedDeb[]): string[] {
  return debs.some(deb => deb.relations !== undefined) ? ['features:', `  - ${text('relations')}`] : []
}

function keyLines(keys: Lockfile['keys']): string[] {
  if (keys.size === 0) return []
  const archives = [...keys].sort(([left], [right]) => compareBytes(left, right))
  return [
    'keys:',
    ...archives.flatMap(([archive, fingerprints]) => [
      `  ${text(archive)}:`,
      ...listLines('    ', fingerprints.toSorted(compareBytes)),
    ]),
  ]
}

function requestLines({ request, unknown }: Lockfile): string[] {
  return [
    'request:',
    ...namedList('architectures', request.architectures),
    ...namedList('archives', request.archives),
    `  base: ${text(request.base)}`,
    ...switchLines('recommends', request.recommends),
    ...namedList('wanted', request.wanted),
    ...namedList('exclude', request.exclude),
    ...(request.sameVersion === false ? [] : switchLines('same-version', request.sameVersion)),
    ...(request.phasedUpdates === 'always' ? [] : [`  phased-updates: ${text(request.phasedUpdates)}`]),
    ...namedList('pins', request.pins),
    ...namedList('debs', request.debs),
    ...(unknown.get(blockOf({ kind: 'request' })) ?? []),
  ]
}

/** A list of nobody is another wish than `false`. */
function switchLines(name: string, value: boolean | readonly string[]): string[] {
  if (typeof value === 'boolean') return [`  ${name}: ${value}`]
  return value.length === 0 ? [`  ${name}: []`] : namedList(name, value)
}

/** A list of the request; an empty one needs no line. */
function namedList(name: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`  ${name}:`, ...listLines('    ', items.toSorted(compareBytes))]
}

function listLines(indent: string, items: readonly string[]): string[] {
  return items.map(item => `${indent}- ${text(item)}`)
}

function sourceLines(block: SourceBlock, lock: Lockfile): string[] {
  const sourceKey = block.key
  const lines: string[] = []
  const addUnknown = (part: Parameters<typeof blockOf>[0]) => {
    if (lock.unknown.size > 0) for (const line of lock.unknown.get(blockOf(part)) ?? []) lines.push(line)
  }
  lines.push(
    `  ${text(block.key)}:`,
    `    version: ${text(block.version)}`,
    `    from: ${text(block.from)}`,
    `    at: ${text(block.at)}`,
    `    directory: ${text(block.directory)}`,
  )
  addUnknown({ kind: 'source', sourceKey })
  lines.push('    debs:')
  for (let at = 0; at < block.debs.length; at++) {
    const deb = block.debs[at] as LockedDeb
    lines.push(`      ${text(debKey(deb))}:`)
    addDebLines(deb, block, lines)
    addUnknown({ kind: 'deb', sourceKey, debKey: debKey(deb) })
  }
  return lines
}

function addDebLines(deb: LockedDeb, block: SourceBlock, lines: string[]): void {
  const add = (key: string, value: string) => lines.push(`        ${key}: ${value}`)
  if (deb.version !== block.version) add('version', text(deb.version))
  if (deb.from !== block.from) add('from', text(deb.from))
  if (deb.at !== block.at) add('at', text(deb.at))
  if (deb.directory !== block.directory) add('directory', text(deb.directory))
  if (deb.file !== undefined) add('file', text(deb.file))
  if (deb.relations === undefined) {
    add('sha256', text(deb.sha256))
    add('size', String(deb.sizeBytes))
  } else add('relations', text(deb.relations))
  if (deb.root !== undefined) add('root', text(deb.root))
  if (deb.roots !== undefined) add('roots', flowList(deb.roots))
  if (deb.needs.length > 0) add('needs', flowList(deb.needs))
}

function flowList(items: readonly string[]): string {
  if (items.length === 0) return `[]`
  // Names need no escape: the list is judged and quoted as one text. Of ASCII, units are in the order of bytes.
  if (!plainText.test(items.join(''))) return `[${items.toSorted(compareBytes).map(text).join(', ')}]`
  const sorted = isInUnitOrder(items) ? items : items.toSorted()
  return `["${sorted.join('", "')}"]`
}

function isInUnitOrder(items: readonly string[]): boolean {
  for (let at = 1; at < items.length; at++) if ((items[at - 1] as string) > (items[at] as string)) return false
  return true
}

/** ASCII without controls, quotes and backslashes. */
const plainText = /^[ !#-[\]-~]*$/

/**
 * A YAML double-quoted scalar; JSON's escapes are a subset of YAML's. What YAML does not let stand as it is (DEL, C1
 * controls, line separators, the byte order mark, half surrogate pairs, non-characters) is escaped as well.
 */
function text(value: string): string {
  // Nearly every string of a lock: two thirds of the time that the general way takes.
  if (plainText.test(value)) return `"${value}"`
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
