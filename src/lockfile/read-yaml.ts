import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml'
import { Fault } from '../kernel/index.ts'
import type { LockMap, LockMember, LockNode } from './node.ts'

/**
 * Reads lock text that people or formatters have rearranged. Loaded only for text that is not canonical.
 *
 * @throws {Fault} `LOCK_MALFORMED` where the text is no YAML, holds several documents, aliases or tags
 */
export function readYamlText(text: string, fileName: string): LockMap {
  const lineCounter = new LineCounter()
  const lines = text.split(/\r?\n/)
  const documents = parseAllDocuments(text, { lineCounter, uniqueKeys: true, strict: true, maxAliasCount: 0 } as object)
  const [document, second] = Array.isArray(documents) ? documents : []
  const lineAt = (offset: number | undefined): number => lineCounter.linePos(offset ?? 0).line
  const malformed = (line: number, problem: string): Fault =>
    new Fault('LOCK_MALFORMED', {
      message: `${fileName}:${line}: ${problem}`,
      hint: 'Take the file from version control, or write it anew with `aptroot lock update`.',
      context: { file: fileName, line },
    })
  if (document === undefined) throw malformed(1, 'the lockfile is empty')
  const [error] = document.errors
  if (error !== undefined)
    throw malformed(
      error.linePos?.[0].line ?? 1,
      (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
    )
  if (second !== undefined) throw malformed(lineAt(second.range?.[0]), 'a second document begins; a lockfile is one')

  const convert = (node: Node | null | undefined, fallbackLine: number): LockNode => {
    const line = node?.range == null ? fallbackLine : lineAt(node.range[0])
    if (node == null) return { kind: 'other', text: 'nothing', line }
    if (isAlias(node) || node.anchor !== undefined)
      throw malformed(line, 'anchors and aliases have no place in a lockfile')
    if (isMap(node)) return convertMap(node.items as readonly { key: Node; value: Node | null }[], line)
    if (isSeq(node)) return { kind: 'list', items: node.items.map(item => convert(item as Node, line)), line }
    if (!isScalar(node)) return { kind: 'other', text: 'an unknown node', line }
    const { value } = node
    if (typeof value === 'string' && node.type !== 'PLAIN') return { kind: 'text', value, line }
    if (typeof value === 'boolean') return { kind: 'boolean', value, line }
    if (typeof value === 'number' && Number.isSafeInteger(value) && /^\d+$/.test(node.source ?? ''))
      return { kind: 'integer', value, line }
    return { kind: 'other', text: node.source ?? String(value), line }
  }
  const convertMap = (items: readonly { key: Node; value: Node | null }[], line: number): LockMap => {
    const entries = new Map<string, LockMember>()
    for (const { key, value } of items) {
      const keyLine = lineAt(key.range?.[0])
      if (!isScalar(key) || typeof key.value !== 'string') throw malformed(keyLine, 'a key is not a string')
      const end = lineAt(Math.max(key.range?.[1] ?? 0, (value?.range?.[1] ?? 1) - 1))
      entries.set(key.value, { value: convert(value, keyLine), line: keyLine, lines: lines.slice(keyLine - 1, end) })
    }
    return { kind: 'map', entries, line }
  }
  const root = convert(document.contents, 1)
  if (root.kind !== 'map') throw malformed(root.line, 'a lockfile is a map that begins with `lock: 1`')
  return root
}
