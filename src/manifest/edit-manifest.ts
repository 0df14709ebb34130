import { Fault, isFault, quoted } from '../kernel/index.ts'
import { type ArchiveText, archiveFields, blockItem, flowItem, scalar } from './format-manifest.ts'
import {
  type ManifestNode,
  type MappingEntry,
  type MappingNode,
  manifestFault,
  manifestSource,
} from './manifest-node.ts'
import type { WantedItem } from './model.ts'
import { readWanted } from './read-wanted.ts'
import { insertItem, removeItem } from './text-edit.ts'
import { parseYaml } from './yaml-document.ts'

/**
 * One item of `packages` as a person types it on the command line.
 *
 * @throws {Fault} `USAGE_INVALID`
 */
export function parseWantedItem(text: string): WantedItem {
  const source = manifestSource(text, '')
  try {
    return readWanted({ kind: 'scalar', value: text, source, start: 0, end: text.length })
  } catch (error) {
    if (!isFault(error)) throw error
    throw new Fault('USAGE_INVALID', {
      message: error.message.replace(/^:\d+:\d+: /, ''),
      hint: error.hint ?? 'Correct the name.',
      context: { item: text },
    })
  }
}

/**
 * Adds items to the end of `packages`; every other character of the manifest stays. An item that is there already, however
 * it is spelled, is not added again.
 *
 * @throws {Fault} `USAGE_INVALID` for a malformed item; `MANIFEST_MALFORMED`; `MANIFEST_INVALID` when `packages` is written
 * in a form that only a person can edit
 */
export async function addPackages(
  text: string,
  fileName: string,
  items: readonly string[],
): Promise<{ readonly text: string; readonly added: readonly string[] }> {
  const document = await openManifest(text, fileName)
  const present = new Set(wantedNodes(document.root).map(node => readWanted(node).text))
  const added: string[] = []
  let edited = text
  for (const item of items) {
    const wanted = parseWantedItem(item).text
    if (present.has(wanted)) continue
    present.add(wanted)
    added.push(wanted)
    const { root } = await openManifest(edited, fileName)
    const lines = (indentation: string) => [`${indentation}- ${scalar(wanted)}`]
    const next = insertItem(edited, root, { key: 'packages', block: lines, flow: scalar(wanted), after: [] })
    edited = await checked(root, next, { key: 'packages', change: items => [...items, wanted] })
  }
  return { text: edited, added }
}

/**
 * Removes the items of `packages` that want exactly these: an item as it is written, or the name of its only package
 * (`nginx` removes `nginx (>= 1.22) [amd64]` too). Comments of their own lines stay.
 *
 * @returns `absent`: the names that no item wants
 * @throws {Fault} as `addPackages`
 */
export async function removePackages(
  text: string,
  fileName: string,
  names: readonly string[],
): Promise<{ readonly text: string; readonly removed: readonly string[]; readonly absent: readonly string[] }> {
  const removed: string[] = []
  const absent: string[] = []
  let edited = text
  for (const name of names) {
    const wanted = parseWantedItem(name)
    let found = 0
    for (;;) {
      const { root } = await openManifest(edited, fileName)
      const items = wantedNodes(root).map(readWanted)
      const at = items.findIndex(item => isMeant(item, wanted))
      const item = items[at]
      const entry = entryOf(root, 'packages')
      if (item === undefined || entry === undefined) break
      found++
      removed.push(item.text)
      edited = await checked(root, removeItem(edited, entry, at), {
        key: 'packages',
        change: values => values.filter((_, index) => index !== at),
      })
    }
    if (found === 0 && !removed.includes(wanted.text)) absent.push(wanted.text)
  }
  return { text: edited, removed, absent }
}

/**
 * Appends an archive to `archives`; every other character stays.
 *
 * @throws {Fault} `MANIFEST_INVALID` when the manifest has an archive of that id; else as `addPackages`
 */
export async function addArchive(text: string, fileName: string, archive: ArchiveText): Promise<string> {
  const { root } = await openManifest(text, fileName)
  const list = entryOf(root, 'archives')?.value
  const twin = list?.kind === 'list' ? list.items.find(each => plainOf(each, 'id') === archive.id) : undefined
  if (twin !== undefined) {
    throw manifestFault(twin, {
      message: `the manifest has an archive ${quoted(archive.id)} already`,
      hint: 'Edit that one, or give the new archive another id.',
    })
  }
  const fields = archiveFields(archive)
  const next = insertItem(text, root, {
    key: 'archives',
    block: indentation => blockItem(fields, indentation),
    flow: flowItem(fields),
    after: ['manifest', 'distribution', 'architectures'],
  })
  const added = await openManifest(`archives:\n${blockItem(fields, '  ').join('\n')}\n`, fileName)
  const [value] = listValues(added.root, 'archives')
  return checked(root, next, { key: 'archives', change: values => [...values, value] })
}

function isMeant(item: WantedItem, wanted: WantedItem): boolean {
  if (item.text === wanted.text) return true
  const [only, another] = item.alternatives
  const [name] = wanted.alternatives
  const isBareName = wanted.text === name.packageName
  return isBareName && another === undefined && only.packageName === name.packageName
}

async function openManifest(text: string, fileName: string): Promise<{ readonly root: MappingNode }> {
  const root = await parseYaml(manifestSource(text, fileName))
  if (root.kind === 'mapping') return { root }
  throw manifestFault(root, {
    message: 'the manifest has no keys',
    hint: 'Write one with `aptroot init`, or start with `manifest: 1`.',
  })
}

function wantedNodes(root: MappingNode): readonly ManifestNode[] {
  const list = entryOf(root, 'packages')?.value
  return list?.kind === 'list' ? list.items : []
}

function entryOf(root: MappingNode, key: string): MappingEntry | undefined {
  return root.entries.find(entry => entry.key.value === key)
}

/**
 * Reads the edited text again and compares: the list changed as it should, and nothing else did. YAML has more ways to
 * write a list than an editor of text can foresee, and a wrong edit must not reach the disk.
 */
async function checked(
  before: MappingNode,
  text: string,
  edit: { readonly key: string; readonly change: (values: readonly unknown[]) => readonly unknown[] },
): Promise<string> {
  const expected = new Map(before.entries.map(({ key, value }) => [key.value, JSON.stringify(plain(value))]))
  expected.set(edit.key, JSON.stringify(edit.change(listValues(before, edit.key))))
  const { fileName } = before.source
  const after = await openManifest(text, fileName).catch(() => undefined)
  const found = new Map(after?.root.entries.map(({ key, value }) => [key.value, JSON.stringify(plain(value))]))
  if (found.size === expected.size && [...expected].every(([key, value]) => found.get(key) === value)) return text
  throw manifestFault(entryOf(before, edit.key)?.value ?? before, {
    message: `\`${edit.key}\` is written in a form that aptroot does not edit`,
    hint: 'Edit it by hand, or write it as a list with one `- item` in each line.',
  })
}

function listValues(root: MappingNode, key: string): readonly unknown[] {
  const list = entryOf(root, key)?.value
  return list?.kind === 'list' ? list.items.map(plain) : []
}

function plainOf(node: ManifestNode, key: string): unknown {
  if (node.kind !== 'mapping') return undefined
  const entry = entryOf(node, key)
  return entry === undefined ? undefined : plain(entry.value)
}

/** Mappings as lists of pairs, so that order counts and no key is special to JavaScript. */
function plain(node: ManifestNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value
    case 'list':
      return node.items.map(plain)
    case 'mapping':
      return node.entries.map(({ key, value }) => [key.value, plain(value)])
  }
}
