import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { isEmptyDifference } from '../../lockfile/difference.ts'
import type { Block } from '../../review/index.ts'
import { policyMode, reviewOf } from '../../workflows/find-outdated.ts'
import { findProjects, type Project } from '../../workflows/project.ts'
import { type ResolvedLock, type UpdateLockResult, updateLock } from '../../workflows/update-lock.ts'
import { BaseCommand } from '../base/base-command.ts'
import { parseInstant, timestampOf } from '../base/duration.ts'
import type { Answer } from '../base/envelope.ts'
import { parseFingerprint } from '../base/fingerprint.ts'
import { choiceOf, manifestsFlags } from '../base/project-flags.ts'
import { summaryOf } from '../base/render/difference-summary.ts'
import { forcedLines } from '../base/render/forced-lines.ts'
import { reviewLines } from '../base/render/review-lines.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags } from '../base/settings-flags.ts'
import { count, formatBytes, type Line, span } from '../base/text.ts'
import { unsolvableFault } from '../base/unsolvable.ts'
import { updateModeFlags, updateModeOf } from '../base/update-mode-flags.ts'

type Solved = Extract<UpdateLockResult, { readonly kind: 'solved' }>

export default class LockUpdate extends BaseCommand {
  static override summary = 'Resolve the manifest and rewrite the lockfile'
  static override description =
    'Without names the lock is a pure function of the manifest and the signed indexes: the previous lock has no say. With names, --source, --precise, --security-only, --policy or --keep that moves, and as little else as possible; what had to move along is listed with its reason. Where nothing relevant changed upstream, the file is not touched. Ends with exit code 3 when there is no solution.'
  static override strict = false
  static override args = {
    name: Args.string({
      description: 'a binary package that is to move to its candidate, such as nginx or libc6:i386',
      ignoreStdin: true,
    }),
  }
  static override flags = {
    ...manifestsFlags,
    ...updateModeFlags,
    'dry-run': Flags.boolean({ summary: 'print the change, write nothing' }),
    'exit-code': Flags.boolean({ summary: 'end with exit code 1 when the lock changed, or would change' }),
    'as-of': Flags.string({ summary: 'judge signatures and expiry at this time instead of now', helpValue: 'TIME' }),
    snapshot: Flags.string({
      summary: 'lock the state that the archives had at this time; implies --as-of',
      helpValue: 'TIME',
    }),
    record: Flags.string({
      summary: 'write what was to be resolved to this file, for a report about the resolver',
      helpValue: 'FILE',
    }),
    'accept-key': Flags.string({
      summary: 'let this key sign although the lock knows none of the signers, may be given several times',
      helpValue: 'FINGERPRINT',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'allow-rollback': Flags.boolean({
      summary: 'take archives that are older than what is locked or was seen before; implied by --snapshot',
    }),
    ...storeFlags,
    ...networkFlags,
  }
  static override examples = [
    '<%= config.bin %> lock update',
    '<%= config.bin %> lock update nginx openssl',
    '<%= config.bin %> lock update --source linux',
    '<%= config.bin %> lock update --precise nginx=1.22.1-9+deb12u1',
    '<%= config.bin %> lock update --security-only',
    '<%= config.bin %> lock update --keep',
    '<%= config.bin %> lock update --policy --dry-run',
    '<%= config.bin %> lock update --all --dry-run --exit-code',
    '<%= config.bin %> lock update --mirror debian=http://mirror.example.org/debian',
    '<%= config.bin %> lock update --snapshot 2026-11-01T00:00:00Z',
    '<%= config.bin %> lock update --dry-run --record problem.json',
    '<%= config.bin %> lock update --accept-key 04B54C3CDCA79751B16BC6B5225629DF75B188BD',
  ]

  async run(): Promise<Answer> {
    const { argv, flags } = await this.parse(LockUpdate)
    const mode = updateModeOf(flags, argv.map(String))
    const session = this.session(flags)
    const world = this.world()
    const asOf = flags['as-of'] === undefined ? undefined : parseInstant('--as-of', flags['as-of'])
    const snapshot = flags.snapshot === undefined ? undefined : timestampOf(parseInstant('--snapshot', flags.snapshot))
    const write = flags['dry-run'] ? 'compare' : 'replace'
    const acceptedKeys = (flags['accept-key'] ?? []).map(text => parseFingerprint('--accept-key', text))
    const rollback = flags['allow-rollback'] ? 'allow' : 'refuse'
    const results: Solved[] = []
    const lines: Line[] = []
    const projects = await findProjects(choiceOf(flags), world.workingFolder)
    const recordPath =
      flags.record === undefined ? undefined : recordPathOf(flags.record, projects, world.workingFolder)
    for (const project of projects) {
      const site = await siteOf(flags, project, { session, world })
      const chosen =
        mode === 'policy'
          ? await policyMode({ project, site, asOf, snapshot, acceptedKeys, rollback }, session, world)
          : mode
      let resolved: ResolvedLock | undefined
      const request = {
        project,
        useResolved: async (each: ResolvedLock) => {
          resolved = each
        },
        site,
        mode: chosen,
        asOf,
        snapshot,
        write,
        recordPath,
        acceptedKeys,
        rollback,
      } as const
      const result = await updateLock(request, session, world)
      // What was written for earlier manifests stays: each lockfile is whole on its own.
      if (result.kind === 'unsolvable')
        return {
          result: { locks: [...results, result] },
          lines: [...lines, ...result.explanation.lines],
          fault: unsolvableFault(result),
        }
      for (const note of result.notes) session.journal.emit({ kind: 'warned', stage: 'resolve', message: note.message })
      results.push(result)
      // The lockfile is the answer; a quiet update does not tell it twice.
      if (!flags.quiet || flags['dry-run']) lines.push(...(await linesOf(result, { project, resolved, write })))
    }
    return {
      result: { locks: results },
      lines,
      fault: flags['exit-code'] ? differsFault(results) : undefined,
    }
  }
}

/** @throws {Fault} `USAGE_INVALID` for several manifests, of which each would overwrite the record of the one before */
function recordPathOf(file: string, projects: readonly Project[], workingFolder: string): string {
  if (projects.length === 1) return resolve(workingFolder, file)
  throw new Fault('USAGE_INVALID', {
    message: '--record takes one manifest at a time',
    hint: 'Name the one whose problem is to be recorded: `aptroot lock update -f FILE --record problem.json`.',
    context: { manifests: projects.map(each => each.manifestName) },
  })
}

interface UpdatePlace {
  readonly project: Project
  readonly resolved: ResolvedLock | undefined
  readonly write: 'compare' | 'replace'
}

async function linesOf(result: Solved, { project, resolved, write }: UpdatePlace): Promise<Line[]> {
  const { lockName, outcome, difference, debs, sizeBytes, roots, forced, heldBack } = result
  const size = `${count(debs, 'deb')}, ${formatBytes(sizeBytes)}`
  const perRoot = roots.length > 1 ? ` (${roots.map(root => `${root.architecture}: ${root.debs}`).join(', ')})` : ''
  const why = forcedLines(forced, heldBack, roots.length)
  switch (outcome) {
    case 'current':
      return [...why, `${lockName} is up to date: ${size}${perRoot}.`]
    case 'created':
      return [[write === 'replace' ? 'Wrote ' : 'Would write ', span('strong', lockName), `: ${size}${perRoot}.`]]
    case 'updated': {
      const verb = write === 'replace' ? 'Rewrote ' : 'Would rewrite '
      const isForm = isEmptyDifference(difference) || resolved === undefined
      const lines = isForm ? ['Only the form changed.'] : reviewLines(await changeOf(project, resolved))
      return [
        ...lines,
        ...(why.length === 0 ? [] : ['', ...why]),
        [verb, span('strong', lockName), `: ${size}${perRoot}.`],
      ]
    }
    default:
      return outcome satisfies never
  }
}

async function changeOf(project: Project, resolved: ResolvedLock): Promise<readonly Block[]> {
  const { updateDocument } = await import('../../review/index.ts')
  return updateDocument(await reviewOf(project, resolved))
}

function differsFault(results: readonly Solved[]): Fault | undefined {
  const changed = results.filter(({ outcome }) => outcome !== 'current')
  const [first] = changed
  if (first === undefined) return undefined
  return new Fault('LOCK_DIFFERS', {
    message: `${first.lockName} changed: ${summaryOf(first.difference)}`,
    hint: 'You asked for this exit code with --exit-code.',
    context: { locks: changed.map(each => each.lockName) },
  })
}
