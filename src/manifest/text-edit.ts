import type { ListNode, ManifestNode, MappingEntry, MappingNode } from './manifest-node.ts'

/** An item for a list of the manifest, in either style. */
export interface NewItem {
  readonly key: string
  readonly block: (indentation: string) => readonly string[]
  readonly flow: string
  /** Where the key is missing, it is written below the last of these, or at the end. */
  readonly after: readonly string[]
}

/** The text with the item at the end of the list `key`, in the style in which the list is written. */
export function insertItem(text: string, root: MappingNode, item: NewItem): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const list = root.entries.find(entry => entry.key.value === item.key)
  if (list === undefined) {
    const above = root.entries.filter(entry => item.after.includes(entry.key.value)).at(-1) ?? root.entries.at(-1)
    return insertLines(
      text,
      lineEnd(text, above?.value.end ?? root.end),
      [`${item.key}:`, ...item.block('  ')],
      newline,
    )
  }
  const { value } = list
  const last = value.kind === 'list' ? value.items.at(-1) : undefined
  if (value.kind === 'list' && value.style === 'flow') {
    const at = last?.end ?? value.start + 1
    return `${text.slice(0, at)}${last === undefined ? '' : ', '}${item.flow}${text.slice(at)}`
  }
  const indentation = value.kind === 'list' ? indentationOf(text, value) : '  '
  return insertLines(text, lineEnd(text, last?.end ?? list.key.end), item.block(indentation), newline)
}

/** The text without one item of a list, which is left as `[]` when it was the last. */
export function removeItem(text: string, { key, value }: MappingEntry, at: number): string {
  if (value.kind !== 'list') return text
  const item = value.items[at]
  if (item === undefined) return text
  if (value.style === 'flow') return removeFlowItem(text, value, at)
  const from = text.lastIndexOf('\n', item.start - 1) + 1
  const without = text.slice(0, from) + text.slice(lineEnd(text, item.end))
  if (value.items.length > 1) return without
  const colon = text.indexOf(':', key.end) + 1
  return `${without.slice(0, colon)} []${without.slice(colon)}`
}

function removeFlowItem(text: string, list: ListNode, at: number): string {
  const item = list.items[at]
  const before = list.items[at - 1]
  const after = list.items[at + 1]
  if (item === undefined) return text
  if (after !== undefined) return text.slice(0, item.start) + text.slice(after.start)
  const from = before?.end ?? list.start + 1
  return text.slice(0, from) + text.slice(before === undefined ? list.end - 1 : item.end)
}

function indentationOf(text: string, list: ManifestNode): string {
  return text.slice(text.lastIndexOf('\n', list.start - 1) + 1, list.start)
}

/** Behind the line break of the line in which a value ends; a block scalar ends behind its own. */
function lineEnd(text: string, end: number): number {
  const at = text.indexOf('\n', Math.max(0, end - 1))
  return at < 0 ? text.length : at + 1
}

function insertLines(text: string, at: number, lines: readonly string[], newline: string): string {
  const head = text.slice(0, at)
  const joint = head === '' || head.endsWith('\n') ? '' : newline
  return `${head}${joint}${lines.join(newline)}${newline}${text.slice(at)}`
}
