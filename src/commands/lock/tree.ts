import { Args, Flags } from '@oclif/core'
import { unreachable } from '../../kernel/index.ts'
import { projectOf } from '../../workflows/project.ts'
import { type LockTree as Tree, type TreeRow, walkLockTree } from '../../workflows/walk-lock-tree.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { type Line, span } from '../base/text.ts'

export default class LockTree extends BaseCommand {
  static override summary = 'Print what needs what in the lock, as a tree'
  static override description =
    'Every package is spelled out once, where it is nearest to the start; "…" marks the other places. Reads the lockfile only.'
  static override args = {
    name: Args.string({ description: 'start at this package instead of at what was wanted and the base set' }),
  }
  static override flags = {
    ...manifestFlag,
    invert: Flags.boolean({ summary: 'from a package up to what needs it' }),
    depth: Flags.integer({ summary: 'levels below the start', helpValue: 'N', min: 0 }),
  }
  static override examples = [
    '<%= config.bin %> lock tree --depth 1',
    '<%= config.bin %> lock tree nginx',
    '<%= config.bin %> lock tree libssl3 --invert',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(LockTree)
    const trees = await walkLockTree({
      project: projectOf(flags.file, this.world().workingFolder),
      name: args.name,
      direction: flags.invert ? 'needed-by' : 'needs',
      depth: flags.depth,
    })
    return {
      result: { trees: trees.map(({ root, rows }) => ({ root, rows: rows.map(plainRow) })) },
      lines: trees.flatMap((tree, at) => [
        ...(trees.length === 1 ? [] : [...(at === 0 ? [] : ['']), `root ${tree.root}`]),
        ...treeLines(tree),
      ]),
    }
  }
}

/** Rows stand in the order of printing; `depth` says which row above is the parent. */
function plainRow({ deb, depth, children }: TreeRow) {
  return { name: deb.name, architecture: deb.architecture, version: deb.version, root: deb.root, depth, children }
}

function treeLines({ rows }: Tree): Line[] {
  /** Per level whether its row was the last child: below that nothing is drawn. */
  const isLastAt: boolean[] = []
  return rows.map(({ deb, depth, isLast, children }): Line => {
    isLastAt[depth] = isLast
    const trunk = isLastAt.slice(1, depth).map(ended => (ended ? '    ' : '│   '))
    const branch = depth === 0 ? '' : isLast ? '└── ' : '├── '
    const root = deb.root === undefined ? [] : [span('faint', ` (${deb.root})`)]
    return [`${trunk.join('')}${branch}`, `${deb.name}:${deb.architecture} ${deb.version}`, ...root, suffixOf(children)]
  })
}

function suffixOf(children: TreeRow['children']): string {
  switch (children) {
    case 'below':
    case 'none':
      return ''
    case 'elsewhere':
    case 'cut':
      return ' …'
    default:
      return unreachable(children)
  }
}
