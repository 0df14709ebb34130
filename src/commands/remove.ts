import { Args } from '@oclif/core'
import { removeFromManifest } from '../workflows/edit-packages.ts'
import { projectOf } from '../workflows/project.ts'
import { BaseCommand } from './base/base-command.ts'
import type { Answer } from './base/envelope.ts'
import { manifestFlag } from './base/project-flags.ts'

export default class Remove extends BaseCommand {
  static override summary = 'Remove packages from the manifest; comments stay'
  static override strict = false
  static override args = { name: Args.string({ description: 'package or whole item of the manifest', required: true }) }
  static override flags = { ...manifestFlag }
  static override examples = ['<%= config.bin %> remove nginx', '<%= config.bin %> remove "openssl (>= 3.0)"']

  async run(): Promise<Answer> {
    const { argv, flags } = await this.parse(Remove)
    const world = this.world()
    const project = projectOf(flags.file, world.workingFolder)
    const removed = await removeFromManifest({ project, items: argv.map(String) }, world)
    return {
      result: { manifest: project.manifestName, removed },
      lines: [`Removed from ${project.manifestName}: ${removed.join(', ')}`, 'Next: aptroot lock update'],
    }
  }
}
