import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { Fault, quoted } from '../kernel/index.ts'
import { deepestNesting, type LockDocument, type LockMap, type LockMember, type LockNode } from './node.ts'

/** The library takes some hundred bytes of memory for each byte of text; 10,000 locked debs are about 2.5 MB. */
const maximumLength = 4 * 1024 * 1024

/**
 * Reads lock text that people or formatters have rearranged. Loaded only for text that is not canonical.
 *
 * @throws {Fault} `LOCK_MALFORMED` where the text is no YAML, holds several documents, aliases or tags, or is too large or
 *   nested too deeply to be a lockfile
 */
export function readYamlText(text: string, fileName: string): LockDocument {
  const lineCounter = new LineCounter()
  const lines = text.split(/\r?\n/)
  const lineAt = (offset: number | undefined): number => lineCounter.linePos(offset ?? 0).line
  const malformed = (line: number, problem: string): Fault =>
    new Fault('LOCK_MALFORMED', {
      message: `${fileName}:${line}: ${problem}`,
      hint: 'Take the file from version control, or write it anew with `aptroot lock update`.',
      context: { file: fileName, line },
    })
  if (text.length > maximumLength)
    throw malformed(
      1,
      `the file is not in canonical form, and ${text.length} characters are too many to read it otherwise`,
    )

  const document = parse(text, lineCounter)
  const [error] = document?.errors ?? []
  if (document === undefined || error?.code === 'RESOURCE_EXHAUSTION')
    throw malformed(1, 'the file is nested too deeply')
  if (error?.code === 'MULTIPLE_DOCS')
    throw malformed(lineAt(error.pos[0]), 'a second document begins; a lockfile is one')
  if (error !== undefined) throw malformed(lineAt(error.pos[0]), error.message.split('\n')[0] ?? '')
  if (document.contents === null) throw malformed(1, 'the lockfile is empty')

  const convert = (node: Node | null, fallbackLine: number, depth: number): LockNode => {
    const line = node?.range == null ? fallbackLine : lineAt(node.range[0])
    if (node === null) return { kind: 'other', text: 'nothing', line }
    if (isAlias(node) || node.anchor !== undefined)
      throw malformed(line, 'anchors and aliases have no place in a lockfile')
    if (node.tag !== undefined) throw malformed(line, `the tag ${quoted(node.tag)} has no place in a lockfile`)
    if (depth > deepestNesting) throw malformed(line, 'the file is nested too deeply')
    if (isMap(node)) return convertMap(node, line, depth)
    if (isSeq(node))
      return { kind: 'list', items: node.items.map(item => convert(item as Node | null, line, depth + 1)), line }
    if (!isScalar(node)) return { kind: 'other', text: 'an unknown node', line }
    const { value } = node
    if (typeof value === 'string' && node.type !== 'PLAIN') return { kind: 'text', value, line }
    if (typeof value === 'boolean') return { kind: 'boolean', value, line }
    if (typeof value === 'number' && Number.isSafeInteger(value) && /^\d+$/.test(node.source ?? ''))
      return { kind: 'integer', value, line }
    return { kind: 'other', text: node.source ?? String(value), line }
  }
  const convertMap = (
    map: { readonly items: unknown; readonly flow?: boolean },
    line: number,
    depth: number,
  ): LockMap => {
    const entries = new Map<string, LockMember>()
    // The library's own types say `unknown` here; a composed map has pairs of nodes, and `null` for a value left out.
    for (const { key, value } of map.items as readonly { key: Node; value: Node | null }[]) {
      const at = lineCounter.linePos(key.range?.[0] ?? 0)
      if (!isScalar(key) || typeof key.value !== 'string') throw malformed(at.line, 'a key is not a string')
      if (entries.has(key.value)) throw malformed(at.line, `the key ${quoted(key.value)} stands here a second time`)
      const indent = at.col - 1
      const standsAlone = map.flow !== true && lines[at.line - 1]?.slice(0, indent).trim() === ''
      entries.set(key.value, {
        value: convert(value, at.line, depth + 1),
        line: at.line,
        lastLine: lineAt(Math.max(key.range?.[1] ?? 0, (value?.range?.[1] ?? 1) - 1)),
        indent: standsAlone ? indent : undefined,
      })
    }
    return { kind: 'map', entries, line }
  }
  const root = convert(document.contents, 1, 0)
  if (root.kind !== 'map') throw malformed(root.line, 'a lockfile is a map that begins with `lock: 1`')
  return { root, lines }
}

/** @returns undefined when the text is nested so deeply that the library, which recurses, runs out of stack */
function parse(text: string, lineCounter: LineCounter) {
  try {
    // The library compares each new key with all before it: 100,000 keys would take minutes. A Map finds repeated keys.
    // And it copies the line into the message of each error: 250,000 commas that are missing from one line would, too.
    return parseDocument(text, { lineCounter, uniqueKeys: false, strict: true, prettyErrors: false })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
