import type { ManifestNode, ManifestSource, MappingEntry, ScalarNode } from './manifest-node.ts'

/** Larger ones are not what people write; the whole parser says what is wrong with them. */
const maximumCharacters = 100_000

/** Printable ASCII and line feeds: nothing that YAML might take for a line break, an indentation or an escape. */
const plainText = /^[\n\x20-\x7e]*$/

const keyLine = /^( *)([a-z][a-z0-9-]*):(?: +([^ #].*))?$/
const itemLine = /^( *)- +([^ #].*)$/

/** A value that is the rest of a line; what follows ` #` is a comment. */
const blockScalar = /^(?:([A-Za-z/][A-Za-z0-9 ()<>=|.,+/_~:[\]!-]*)|(0|[1-9][0-9]{0,14})|"([^"\\]*)")(?: +#.*)?$/
const flowItem = / *(?:([A-Za-z/][A-Za-z0-9 ()<>=|.+/_~-]*)|(0|[1-9][0-9]{0,14})|"([^"\\]*)") *([,\]])/y

/** Words that YAML's core schema takes for something else than text, in one of their spellings. */
const reserved = /^(?:null|true|false)$/i

interface Line {
  readonly text: string
  readonly start: number
  readonly indent: number
}

/**
 * Reads a manifest in the plain subset of YAML that most are written in: mappings by indentation, block lists of these, block and flow lists of
 * words and numbers, comments. Every text it reads means the same to the `yaml` package, which takes 25 ms to load
 * (test/manifest/plain-yaml.test.ts compares them). Ends of nodes are not exact; who needs those asks `parseYaml`.
 *
 * @returns undefined for everything else, correct or not
 */
export function readPlainYaml(source: ManifestSource): ManifestNode | undefined {
  if (source.text.length > maximumCharacters || !plainText.test(source.text)) return undefined
  const lines = linesOf(source)
  const reader = new PlainReader(source, lines)
  const node = lines.length === 0 ? undefined : reader.mapping(0)
  return reader.isAtEnd ? node : undefined
}

/** Without empty lines and comments. */
function linesOf({ text, lineStarts }: ManifestSource): Line[] {
  return lineStarts.flatMap((start, at) => {
    const whole = text.slice(start, lineStarts[at + 1])
    const line = whole.replace(/[ \n]+$/, '')
    const indent = line.length - line.trimStart().length
    return line === '' || line[indent] === '#' ? [] : [{ text: line, start, indent }]
  })
}

class PlainReader {
  readonly #source: ManifestSource
  readonly #lines: Line[]
  #next = 0

  constructor(source: ManifestSource, lines: Line[]) {
    this.#source = source
    this.#lines = lines
  }

  get isAtEnd(): boolean {
    return this.#next === this.#lines.length
  }

  mapping(indent: number): ManifestNode | undefined {
    const entries: MappingEntry[] = []
    const names = new Set<string>()
    const first = this.#lines[this.#next]
    for (let line = first; line !== undefined && line.indent >= indent; line = this.#lines[this.#next]) {
      const entry = line.indent === indent ? this.#entry(line) : undefined
      if (entry === undefined || names.has(entry.key.value)) return undefined
      names.add(entry.key.value)
      entries.push(entry)
    }
    return this.#placed(first, entries.at(-1)?.value, { kind: 'mapping', style: 'block', entries })
  }

  #entry(line: Line): MappingEntry | undefined {
    const [, , name, value] = keyLine.exec(line.text) ?? []
    if (name === undefined || reserved.test(name)) return undefined
    this.#next++
    const start = line.start + line.indent
    const key = { kind: 'scalar', value: name, source: this.#source, start, end: start + name.length } as const
    const node =
      value === undefined ? this.#below(line.indent) : this.#value(value, line.start + line.text.length - value.length)
    return node === undefined ? undefined : { key, value: node }
  }

  /** What stands on the lines after `key:`. A list may begin where its key does. */
  #below(indent: number): ManifestNode | undefined {
    const line = this.#lines[this.#next]
    if (line === undefined) return undefined
    if (itemLine.test(line.text) && line.indent >= indent) return this.#list(line.indent)
    return line.indent > indent ? this.mapping(line.indent) : undefined
  }

  #list(indent: number): ManifestNode | undefined {
    const items: ManifestNode[] = []
    const first = this.#lines[this.#next]
    for (let line = first; line !== undefined && line.indent >= indent; line = this.#lines[this.#next]) {
      const [, , value] = itemLine.exec(line.text) ?? []
      // A list that begins where its key does ends where the next key begins.
      if (value === undefined && line.indent === indent && keyLine.test(line.text)) break
      if (value === undefined || line.indent !== indent) return undefined
      const item = this.#item(line, value)
      if (item === undefined) return undefined
      items.push(item)
    }
    return this.#placed(first, items.at(-1), { kind: 'list', style: 'block', items })
  }

  /** Of `- id: demo` the rest is the first line of a mapping that is indented as far as its key. */
  #item(line: Line, value: string): ManifestNode | undefined {
    const indent = line.text.length - value.length
    if (keyLine.test(value)) {
      this.#lines[this.#next] = { ...line, text: `${' '.repeat(indent)}${value}`, indent }
      return this.mapping(indent)
    }
    this.#next++
    return this.#scalar(value, line.start + indent)
  }

  #value(text: string, start: number): ManifestNode | undefined {
    return text.startsWith('[') ? this.#flowList(text, start) : this.#scalar(text, start)
  }

  #scalar(text: string, start: number): ScalarNode | undefined {
    const [, word, number, quoted] = blockScalar.exec(text) ?? []
    const plain = word?.trimEnd()
    if (plain !== undefined && (/:( |$)/.test(plain) || (reserved.test(plain) && !/^(?:true|false)$/.test(plain))))
      return undefined
    return this.#scalarOf(plain, number, quoted, start)
  }

  #flowList(text: string, start: number): ManifestNode | undefined {
    const items: ManifestNode[] = []
    const empty = /^\[ *\](?: +#.*)?$/.test(text)
    flowItem.lastIndex = 1
    for (let closed = empty; !closed; ) {
      const from = flowItem.lastIndex
      const [whole, word, number, quoted, mark] = flowItem.exec(text) ?? []
      if (whole === undefined) return undefined
      const plain = word?.trimEnd()
      if (plain !== undefined && reserved.test(plain)) return undefined
      const item = this.#scalarOf(plain, number, quoted, start + from + whole.length - whole.trimStart().length)
      if (item === undefined) return undefined
      items.push(item)
      closed = mark === ']'
    }
    const rest = empty ? '' : text.slice(flowItem.lastIndex)
    if (!/^(?: +#.*)?$/.test(rest)) return undefined
    const end = start + text.length - rest.length
    return { kind: 'list', style: 'flow', items, source: this.#source, start, end }
  }

  #scalarOf(
    word: string | undefined,
    number: string | undefined,
    quoted: string | undefined,
    start: number,
  ): ScalarNode | undefined {
    const written = word ?? number ?? (quoted === undefined ? undefined : `"${quoted}"`)
    if (written === undefined) return undefined
    const value = number !== undefined ? Number(number) : word === 'true' ? true : word === 'false' ? false : undefined
    return { kind: 'scalar', value: value ?? word ?? quoted, source: this.#source, start, end: start + written.length }
  }

  #placed<const Content extends object>(first: Line | undefined, last: ManifestNode | undefined, content: Content) {
    const start = (first?.start ?? 0) + (first?.indent ?? 0)
    return { ...content, source: this.#source, start, end: last?.end ?? start }
  }
}
