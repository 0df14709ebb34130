import { Args } from '@oclif/core'
import type { LockedDeb, LockPath } from '../../lockfile/index.ts'
import type { JudgedGroup, RejectedAlternative } from '../../resolver/index.ts'
import { type Alternatives, explainAlternatives } from '../../workflows/explain-alternatives.ts'
import { explainPackage, type Reason } from '../../workflows/explain-package.ts'
import { projectOf } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags } from '../base/settings-flags.ts'
import { type Line, span } from '../base/text.ts'

export default class LockWhy extends BaseCommand {
  static override summary = 'Say why a package is locked: the paths to it from what was wanted'
  static override description =
    'For each wanted or base package that leads there, a shortest path, from the lockfile alone. With the manifest and its indexes in the store also which alternatives were rejected on the way, and why. Never asks the network.'
  static override args = {
    name: Args.string({ description: 'the package, such as libssl3 or libssl3:amd64', required: true }),
  }
  static override flags = { ...manifestFlag, ...storeFlags, mirror: networkFlags.mirror }
  static override examples = ['<%= config.bin %> lock why libssl3', '<%= config.bin %> lock why libc6:i386 --json']

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(LockWhy)
    const session = this.session(flags)
    const world = this.world()
    const project = projectOf(flags.file, world.workingFolder)
    const { lock, reasons } = await explainPackage({ project, name: args.name })
    const roots = new Set(reasons.map(each => each.root)).size
    const site = await siteOf(flags, project, { session, world })
    const alternatives = await explainAlternatives({ project, site, lock, reasons }, session, world)
    return {
      result: { reasons: reasons.map((reason, at) => ({ ...plainReason(reason), alternatives: alternatives[at] })) },
      lines: reasons.flatMap((reason, at) => [
        ...(at === 0 ? [] : ['']),
        ...reasonLines(reason, roots),
        ...alternativesLines(alternatives[at]),
      ]),
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
    ...[...fromWanted, ...fromBase.slice(0, basePathsShown)].map(path => `  ${pathText(path, root)}`),
    ...(hidden > 0 ? [`  and from ${hidden} more of the base set`] : []),
  ]
}

/** So many are spelled out; --json has all. */
const groupsShown = 10
const rejectedShown = 5

function alternativesLines(alternatives: Alternatives | undefined): Line[] {
  if (alternatives === undefined) return []
  if (alternatives.kind === 'unknown') return [`  rejected alternatives: unknown, since ${alternatives.why}`]
  const groups = alternatives.groups.filter(({ rejected, alsoThere }) => alsoThere.length > 0 || rejected.some(isNews))
  if (groups.length === 0) return ['  rejected alternatives: none, each relation on the way names one package']
  const hidden = groups.length - groupsShown
  return [
    '  rejected alternatives:',
    ...groups.slice(0, groupsShown).flatMap(groupLines),
    ...(hidden > 0 ? [`    and ${hidden} more relations (all of them with --json)`] : []),
  ]
}

/** That the newest version was taken is what everybody expects. */
function isNews({ reason }: RejectedAlternative): boolean {
  return reason !== 'older-version'
}

function groupLines({ owner, field, text, taken, alsoThere, rejected }: JudgedGroup): Line[] {
  const asks = owner === undefined ? `the manifest (${field})` : `${owner} (${field})`
  const news = rejected.filter(isNews)
  const hidden = news.length - rejectedShown
  return [
    `    ${asks} asks for ${text}: ${taken} was taken`,
    ...alsoThere.map(each => `      also there: ${each}`),
    ...news.slice(0, rejectedShown).map(({ alternative, because }) => `      not ${alternative}: ${because}`),
    ...(hidden > 0 ? [`      and ${hidden} more (all of them with --json)`] : []),
  ]
}

/** Names, with the architecture where it is not the root's own. */
function pathText(path: LockPath, root: string): string {
  const [first, ...rest] = path
  const [native] = root.split('+')
  const titleOf = (deb: LockedDeb) =>
    deb.architecture === native || deb.architecture === 'all' ? deb.name : nameOf(deb)
  const origin = first.root === 'wanted' ? 'wanted' : 'base set'
  if (rest.length === 0) return `it is itself ${first.root === 'wanted' ? 'wanted' : 'in the base set'}`
  return [`${titleOf(first)} (${origin})`, ...rest.map(titleOf)].join(' → ')
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
