import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { projectOf } from '../../workflows/project.ts'
import { showLock } from '../../workflows/show-lock.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'

export default class LockShow extends BaseCommand {
  static override summary = 'Print one line per locked deb'
  static override description =
    'The lines do not depend on each other, so that git can compare them: in .gitattributes `*aptroot.lock diff=aptroot`, and `git config diff.aptroot.textconv "aptroot lock show --or-text"`, which `aptroot init --git` does.'
  static override args = {
    lockfile: Args.string({ description: 'a lockfile, wherever it lies; else the one beside the manifest' }),
  }
  static override flags = {
    ...manifestFlag,
    'or-text': Flags.boolean({
      summary: 'print a file that is no lockfile as it is: git gives up on a textconv that fails',
    }),
  }
  static override examples = [
    '<%= config.bin %> lock show',
    '<%= config.bin %> lock show -f web.aptroot.yaml | grep openssl',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(LockShow)
    const { workingFolder } = this.world()
    const place =
      args.lockfile === undefined
        ? projectOf(flags.file, workingFolder)
        : { lockName: args.lockfile, lockPath: resolve(workingFolder, args.lockfile) }
    const shown = await showLock(place, flags['or-text'] ? 'text' : 'fault')
    if (shown.kind === 'text') return { result: { text: shown.text }, lines: shown.text.replace(/\n$/, '').split('\n') }
    const { debs } = shown
    // Not aligned: a longer version in one line would change all others.
    const lines = debs.map(
      deb =>
        `${deb.name}:${deb.architecture} ${deb.version} ${deb.from} ${deb.relations === undefined ? deb.sha256 : `relations:${deb.relations}`}`,
    )
    return { result: { debs }, lines }
  }
}
