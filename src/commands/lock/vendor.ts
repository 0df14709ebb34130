import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { findProjects } from '../../workflows/project.ts'
import { type VendorLockResult, vendorLock } from '../../workflows/vendor-lock.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { choiceOf, manifestsFlags } from '../base/project-flags.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags, vendorFlags } from '../base/settings-flags.ts'
import { count, formatBytes, type Line, span } from '../base/text.ts'

export default class LockVendor extends BaseCommand {
  static override summary = 'Write the locked debs, an index and the evidence into a folder that is an archive'
  static override description =
    'The folder serves `lock install --vendor DIR --offline`, and apt. What is there with the right bytes is left alone.'
  static override args = {
    folder: Args.string({ name: 'DIR', description: 'the vendor folder; made if it is not there', required: true }),
  }
  static override flags = {
    ...manifestsFlags,
    prune: Flags.boolean({ summary: 'remove what earlier runs wrote and these locks do not need' }),
    ...storeFlags,
    ...networkFlags,
    ...vendorFlags,
  }
  static override examples = [
    '<%= config.bin %> lock vendor vendor',
    '<%= config.bin %> lock vendor --all --prune /srv/vendor',
    '<%= config.bin %> lock vendor vendor && <%= config.bin %> lock install --vendor vendor --offline',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(LockVendor)
    const session = this.session(flags)
    const world = this.world()
    const result = await vendorLock(
      {
        projects: await findProjects(choiceOf(flags), world.workingFolder),
        siteOf: project => siteOf(flags, project, { session, world }),
        folder: resolve(world.workingFolder, args.folder),
        folderName: args.folder,
        rest: flags.prune ? 'remove' : 'keep',
      },
      session,
      world,
    )
    if (result.unproven.length > 0)
      session.journal.emit({
        kind: 'warned',
        stage: 'fetch',
        message: `no signed index at hand lists ${count(result.unproven.length, 'deb')}, so the folder has no evidence for ${result.unproven.length === 1 ? 'it' : 'them'}: ${result.unproven.slice(0, 5).join(', ')}`,
        hint: 'The folder builds all the same; run this where `lock update` ran, or with network.',
      })
    return { result, lines: linesOf(result) }
  }
}

function linesOf({ folder, debs, sizeBytes, writtenFiles, removedFiles }: VendorLockResult): Line[] {
  const removed = removedFiles === 0 ? '' : `, ${count(removedFiles, 'file')} removed`
  return [
    [
      span('strong', folder),
      ` holds ${count(debs, 'deb')} (${formatBytes(sizeBytes)}): ${count(writtenFiles, 'file')} written${removed}.`,
    ],
  ]
}
