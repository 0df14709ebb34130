import { Args } from '@oclif/core'
import type { LockedDeb, LockPath } from '../../lockfile/index.ts'
import { explainPackage, type Reason } from '../../workflows/explain-package.ts'
import { projectOf } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { type Line, span } from '../base/text.ts'

export default class LockWhy extends BaseCommand {
  static override summary = 'Say why a package is locked: the paths to it from what was wanted'
  static override description =
    'Reads the lockfile only. For each wanted or base package that leads there, a shortest path.'
  static override args = {
    name: Args.string({ description: 'the package, such as libssl3 or libssl3:amd64', required: true }),
  }
  static override flags = { ...manifestFlag }
  static override examples = ['<%= config.bin %> lock why libssl3', '<%= config.bin %> lock why libc6:i386 --json']

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(LockWhy)
    const project = projectOf(flags.file, this.world().workingFolder)
    const reasons = await explainPackage({ project, name: args.name })
    const roots = new Set(reasons.map(each => each.root)).size
    return {
      result: { reasons: reasons.map(plainReason) },
      lines: reasons.flatMap((reason, at) => [...(at === 0 ? [] : ['']), ...reasonLines(reason, roots)]),
    }
  }
}

/** A base set of a hundred packages would bury the answer. */
const basePathsShown = 3

function reasonLines({ root, deb, paths }: Reason, roots: number): Line[] {
  const heading: Line = [span('strong', nameOf(deb)), ` ${deb.version}${roots > 1 ? ` in the root ${root}` : ''}`]
  const fromWanted = paths.filter(([first]) => first.root === 'wanted')
  const fromBase = paths.filter(([first]) => first.root === 'base')
  const hidden = fromBase.length - basePathsShown
  if (paths.length === 0) return [heading, '  nothing wanted leads to it; `aptroot lock check` says more']
  return [
    heading,
    ...[...fromWanted, ...fromBase.slice(0, basePathsShown)].map(path => `  ${pathText(path)}`),
    ...(hidden > 0 ? [`  and from ${hidden} more of the base set`] : []),
  ]
}

function pathText(path: LockPath): string {
  const [first, ...rest] = path
  const origin = first.root === 'wanted' ? 'wanted' : 'base set'
  if (rest.length === 0) return `it is itself ${first.root === 'wanted' ? 'wanted' : 'in the base set'}`
  return [`${first.name} (${origin})`, ...rest.map(deb => deb.name)].join(' → ')
}

function plainReason({ root, deb, paths }: Reason) {
  return {
    root,
    package: { name: deb.name, architecture: deb.architecture, version: deb.version },
    paths: paths.map(path => path.map(step => ({ name: step.name, architecture: step.architecture, root: step.root }))),
  }
}

function nameOf(deb: LockedDeb): string {
  return `${deb.name}:${deb.architecture}`
}
