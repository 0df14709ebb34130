import type { Document, Node, ParsedNode, YAMLError } from 'yaml'
import { type ManifestNode, type ManifestSource, type MappingEntry, manifestFault } from './manifest-node.ts'

/** A manifest of 1,000 packages has 30 kB; what is larger than this would only keep the parser busy. */
const maximumCharacters = 1_000_000

/** Enough for people who name a key ring or a list once; too few for an "alias bomb". */
const maximumAliases = 100

/**
 * YAML 1.2 to nodes with positions. The only place that loads the `yaml` package, and only when it is called.
 *
 * @throws {Fault} `MANIFEST_MALFORMED` for what is not YAML, or YAML that no manifest needs: several documents, tags,
 * keys that are no text, more than 100 aliases, more than a million characters
 */
export async function parseYaml(source: ManifestSource): Promise<ManifestNode> {
  if (source.text.length > maximumCharacters)
    throw malformed(source, 0, `has ${source.text.length} characters, more than ${maximumCharacters}`)
  const yaml = await import('./yaml-library.ts')
  const document = guarded(source, () =>
    yaml.parseDocument(source.text, {
      version: '1.2',
      schema: 'core',
      stringKeys: true,
      // The parser compares every key with every other one; `entriesOf` asks a set.
      uniqueKeys: false,
      prettyErrors: false,
      // At `silent` a second document would be passed over.
      logLevel: 'error',
    }),
  )
  const [problem] = [...document.errors, ...document.warnings].sort((left, right) => left.pos[0] - right.pos[0])
  if (problem !== undefined) throw malformed(source, problem.pos[0], sentenceOf(problem))
  return guarded(source, () => convert(document, source, yaml))
}

type Yaml = typeof import('./yaml-library.ts')

/** The parser and the conversion are recursive: ten thousand brackets must not end in a stack trace. */
function guarded<Result>(source: ManifestSource, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    if (error instanceof RangeError) throw malformed(source, 0, 'is nested too deeply')
    throw error
  }
}

function convert(document: Document.Parsed, source: ManifestSource, yaml: Yaml): ManifestNode {
  const anchored = new Map<string, ManifestNode>()
  let aliases = 0

  function nodeOf(node: Node | null | undefined, at: number): ManifestNode {
    if (node === null || node === undefined) return { kind: 'scalar', value: undefined, source, start: at, end: at }
    const [start, end] = (node as ParsedNode).range
    if (yaml.isAlias(node)) {
      if (++aliases > maximumAliases) throw malformed(source, start, `has more than ${maximumAliases} aliases`)
      const target = anchored.get(node.source)
      if (target === undefined)
        throw malformed(source, start, `the alias *${node.source} names no anchor that ends before it`)
      return target
    }
    if ('tag' in node && node.tag !== undefined) throw malformed(source, start, tagSentence)
    const converted = contentOf(node, start, end)
    const anchor = 'anchor' in node ? node.anchor : undefined
    if (typeof anchor === 'string') anchored.set(anchor, converted)
    return converted
  }

  function contentOf(node: Node, start: number, end: number): ManifestNode {
    if (yaml.isSeq(node)) {
      const items = node.items.map(item => nodeOf(item as Node | null, start))
      return { kind: 'list', style: node.flow === true ? 'flow' : 'block', items, source, start, end }
    }
    if (yaml.isMap(node)) {
      const entries = entriesOf(node.items)
      return { kind: 'mapping', style: node.flow === true ? 'flow' : 'block', entries, source, start, end }
    }
    const value: unknown = yaml.isScalar(node) ? node.value : undefined
    if (value === null || value === undefined) return { kind: 'scalar', value: undefined, source, start, end }
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return { kind: 'scalar', value, source, start, end }
    throw malformed(source, start, 'this value is no text, number, true or false')
  }

  function entriesOf(pairs: readonly { readonly key: unknown; readonly value: unknown }[]): readonly MappingEntry[] {
    const names = new Set<string>()
    return pairs.map(({ key, value }) => {
      const entry = entryOf(key as Node, value as Node | null)
      if (names.has(entry.key.value)) throw malformed(source, entry.key.start, 'this key is written twice')
      names.add(entry.key.value)
      return entry
    })
  }

  function entryOf(key: Node, value: Node | null): MappingEntry {
    const name = nodeOf(key, 0)
    if (name.kind !== 'scalar' || typeof name.value !== 'string')
      throw malformed(source, name.start, 'the name of a key must be text')
    return { key: { ...name, value: name.value }, value: nodeOf(value, name.end) }
  }

  return nodeOf(document.contents, 0)
}

const tagSentence = 'YAML tags (`!name`) have no meaning in a manifest'

const sentences: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  MULTIPLE_DOCS: 'a second YAML document begins; a manifest is one document',
  TAB_AS_INDENT: 'a tab is used as indentation; YAML allows blanks only',
  TAG_RESOLVE_FAILED: tagSentence,
  NON_STRING_KEY: 'the name of a key must be text',
}

function sentenceOf(problem: YAMLError): string {
  return sentences[problem.code] ?? problem.message.replace(/\s+/g, ' ').slice(0, 200)
}

function malformed(source: ManifestSource, at: number, problem: string) {
  const start = Math.min(at, source.text.length)
  return manifestFault(
    { source, start, end: start },
    {
      code: 'MANIFEST_MALFORMED',
      message: problem,
      hint: `Correct this line; the file is YAML 1.2, see ${source.page}.`,
    },
  )
}
