import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { mergeFault, mergeLockFiles } from '../../workflows/merge-locks.ts'
import { defaultManifestName, projectOf } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { mergeLines, warnUnproven } from '../base/merge-lines.ts'
import { siteOf } from '../base/settings.ts'
import { storeFlags } from '../base/settings-flags.ts'

export default class LockMerge extends BaseCommand {
  static override summary = "Merge two branches' lockfiles: git's merge driver"
  static override description =
    'Merges package by package and writes the result to OURS. Ends with exit code 1 when the branches disagree; then conflict markers stand around what is disputed. ' +
    '`aptroot init --git` sets git up to call it.'
  static override args = {
    base: Args.string({ description: 'what both branches had (%O); may be empty', required: true }),
    ours: Args.string({ description: "this branch's lockfile (%A); gets the result", required: true }),
    theirs: Args.string({ description: "the other branch's lockfile (%B)", required: true }),
  }
  static override flags = {
    path: Flags.string({
      summary: 'what git calls the file (%P): for messages, and for the manifest beside it',
      helpValue: 'FILE',
      default: 'aptroot.lock',
    }),
    ...storeFlags,
  }
  static override examples = [
    '<%= config.bin %> lock merge base.lock ours.lock theirs.lock',
    "git config merge.aptroot.driver '<%= config.bin %> lock merge %O %A %B --path %P'",
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(LockMerge)
    const session = this.session(flags)
    const world = this.world()
    const manifestName = flags.path.endsWith('.lock') ? flags.path.replace(/\.lock$/, '.yaml') : defaultManifestName
    const project = projectOf(manifestName, world.workingFolder)
    const site = await siteOf({ ...flags, offline: true }, project, { session, world })
    const [base = '', ours = '', theirs = ''] = [args.base, args.ours, args.theirs].map(path =>
      resolve(world.workingFolder, path),
    )
    const outcome = await mergeLockFiles({ project, site, files: { base, ours, theirs } }, session, world)
    warnUnproven(outcome, session)
    return {
      result: outcome,
      lines: mergeLines(outcome),
      fault: outcome.kind === 'conflict' ? mergeFault(outcome) : undefined,
    }
  }
}
