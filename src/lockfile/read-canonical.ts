import { deepestNesting, type LockDocument, type LockMap, type LockMember, type LockNode } from './node.ts'

/**
 * Reads the part of YAML that `writeLockfile` uses: block maps and lists of quoted strings, integers and booleans, and
 * flow lists of strings. Parsing 2,000 entries this way takes milliseconds; a YAML library needs half a second.
 *
 * @returns undefined when the text uses anything else; then a YAML library must judge it
 */
export function readCanonicalText(text: string): LockDocument | undefined {
  const reader: Reader = { lines: text.split(text.includes('\r') ? /\r?\n/ : '\n'), at: 0, depth: 0 }
  const root = readMap(reader, 0)
  skipBlankLines(reader)
  const isWhole = root !== undefined && root.entries.size > 0 && reader.at === reader.lines.length
  return isWhole ? { root, lines: reader.lines } : undefined
}

interface Reader {
  readonly lines: readonly string[]
  at: number
  /** Maps around the one that is read. */
  depth: number
}

const keyPattern = /^ *(?:([A-Za-z][A-Za-z0-9-]*)|("(?:[^"\\]|\\.)*")):(?: (.+))?$/
const itemPattern = /^ *- ("(?:[^"\\]|\\.)*")$/
const flowListPattern = /^\[(?:"(?:[^"\\]|\\.)*"(?:, "(?:[^"\\]|\\.)*")*)?\]$/

function readMap(reader: Reader, indent: number): LockMap | undefined {
  if (reader.depth === deepestNesting) return undefined
  const entries = new Map<string, LockMember>()
  skipBlankLines(reader)
  const firstLine = reader.at + 1
  reader.depth++
  for (;;) {
    skipBlankLines(reader)
    const line = reader.lines[reader.at]
    if (line === undefined || indentOf(line) < indent) break
    if (indentOf(line) !== indent) return undefined
    const match = keyPattern.exec(line)
    const key = match?.[1] ?? unquoted(match?.[2])
    if (match === null || key === undefined || entries.has(key)) return undefined
    const start = reader.at
    reader.at++
    const value = match[3] === undefined ? readBlock(reader, indent) : readScalar(match[3], start + 1)
    if (value === undefined) return undefined
    entries.set(key, { value, line: start + 1, lastLine: lastLineOfMember(reader, start), indent })
  }
  reader.depth--
  return { kind: 'map', entries, line: firstLine }
}

/** What stands below a key: a deeper map, or a list. */
function readBlock(reader: Reader, indent: number): LockNode | undefined {
  skipBlankLines(reader)
  const line = reader.lines[reader.at]
  if (line === undefined || indentOf(line) <= indent) return undefined
  const inner = indentOf(line)
  if (!line.startsWith('- ', inner)) return readMap(reader, inner)
  const first = reader.at + 1
  const items: LockNode[] = []
  for (;;) {
    const item = reader.lines[reader.at]
    if (item === undefined || item === '' || indentOf(item) < inner) break
    const value = indentOf(item) === inner ? unquoted(itemPattern.exec(item)?.[1]) : undefined
    if (value === undefined) return undefined
    items.push({ kind: 'text', value, line: reader.at + 1 })
    reader.at++
  }
  return { kind: 'list', items, line: first }
}

function readScalar(text: string, line: number): LockNode | undefined {
  if (text.startsWith('"')) {
    const value = unquoted(text)
    return value === undefined ? undefined : { kind: 'text', value, line }
  }
  if (text === 'true' || text === 'false') return { kind: 'boolean', value: text === 'true', line }
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return { kind: 'integer', value: Number(text), line }
  if (text === '{}') return { kind: 'map', entries: new Map(), line }
  if (!flowListPattern.test(text)) return undefined
  const values: unknown = parseJson(text)
  if (!Array.isArray(values)) return undefined
  return { kind: 'list', items: values.map(value => ({ kind: 'text', value: String(value), line })), line }
}

/** Blank lines and comments after a value belong to nobody. */
function lastLineOfMember(reader: Reader, start: number): number {
  let end = reader.at
  while (end > start + 1 && isBlankOrComment(reader.lines[end - 1] ?? '')) end--
  return end
}

function skipBlankLines(reader: Reader): void {
  for (;;) {
    const line = reader.lines[reader.at]
    if (line === undefined || !isBlankOrComment(line)) return
    reader.at++
  }
}

function isBlankOrComment(line: string): boolean {
  return line === '' || line.startsWith('#')
}

function indentOf(line: string): number {
  let at = 0
  while (line.charCodeAt(at) === 0x20) at++
  return at
}

function unquoted(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (!text.includes('\\'))
    return text.indexOf('"', 1) === text.length - 1 && text.length > 1 ? text.slice(1, -1) : undefined
  const value = parseJson(text)
  return typeof value === 'string' ? value : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
