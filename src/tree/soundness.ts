import { Fault, quoted } from '../kernel/index.ts'
import type { TreeEntry } from './entry.ts'
import { firstNames } from './hard-links.ts'
import { folderOf, pathProblem } from './paths.ts'

/**
 * The law that emitters rely on when they write to a disk of this host: every path is a safe one, and everything lies in folders of
 * the tree, never below a symlink. Names of one file have one owner, mode, time and content.
 *
 * @throws {Fault} `TREE_PATH_UNSAFE` for paths; `INTERNAL` for hard links that cannot be, which no input may cause
 */
export function checkTree(tree: ReadonlyMap<string, TreeEntry>): void {
  for (const path of tree.keys()) {
    const problem = pathProblem(path)
    if (problem !== undefined) throw unsafe(path, problem)
    const holder = path === '' ? '' : folderOf(path)
    const kind = tree.get(holder)?.kind
    if (kind !== 'directory')
      throw unsafe(
        path,
        kind === undefined
          ? `needs ${quoted(`/${holder}`)}, which no package makes`
          : `lies in the ${kind} ${quoted(`/${holder}`)}`,
      )
  }
  for (const [path, first] of firstNames(tree))
    if (attributesOf(tree.get(path)) !== attributesOf(tree.get(first)))
      throw new Fault('INTERNAL', { message: `two names of one file differ: ${quoted(path)} and ${quoted(first)}` })
}

function attributesOf(entry: TreeEntry | undefined): string {
  if (entry?.kind !== 'file') return ''
  const { mode, userId, groupId, modifiedSeconds, content } = entry
  return [mode, userId, groupId, modifiedSeconds, content.sha256, content.sizeBytes].join()
}

function unsafe(path: string, problem: string): Fault {
  const shown = Buffer.from(path, 'latin1').toString('utf8')
  return new Fault('TREE_PATH_UNSAFE', {
    message: `the path ${quoted(`/${shown}`)} ${problem}`,
    hint: 'Run `aptroot lock tree` to see which package brings it, and `exclude:` that one.',
    context: { path: shown },
  })
}
