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
    ...blocks.flatMap(block => sourceLines(block, lock)),
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
  return [
    `  ${text(block.key)}:`,
    `    version: ${text(block.version)}`,
    `    from: ${text(block.from)}`,
    `    at: ${text(block.at)}`,
    `    directory: ${text(block.directory)}`,
    ...(lock.unknown.get(blockOf({ kind: 'source', sourceKey })) ?? []),
    '    debs:',
    ...block.debs.flatMap(deb => [
      `      ${text(debKey(deb))}:`,
      ...debLines(deb, block),
      ...(lock.unknown.get(blockOf({ kind: 'deb', sourceKey, debKey: debKey(deb) })) ?? []),
    ]),
  ]
}

function debLines(deb: LockedDeb, block: SourceBlock): string[] {
  const indent = '        '
  return [
    ...(deb.version === block.version ? [] : [`version: ${text(deb.version)}`]),
    ...(deb.from === block.from ? [] : [`from: ${text(deb.from)}`]),
    ...(deb.at === block.at ? [] : [`at: ${text(deb.at)}`]),
    ...(deb.directory === block.directory ? [] : [`directory: ${text(deb.directory)}`]),
    ...(deb.file === undefined ? [] : [`file: ${text(deb.file)}`]),
    ...(deb.relations === undefined
      ? [`sha256: ${text(deb.sha256)}`, `size: ${deb.sizeBytes}`]
      : [`relations: ${text(deb.relations)}`]),
    ...(deb.root === undefined ? [] : [`root: ${text(deb.root)}`]),
    ...(deb.roots === undefined ? [] : [`roots: ${flowList(deb.roots)}`]),
    ...(deb.needs.length === 0 ? [] : [`needs: ${flowList(deb.needs)}`]),
  ].map(line => indent + line)
}

function flowList(items: readonly string[]): string {
  return `[${items.toSorted(compareBytes).map(text).join(', ')}]`
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
