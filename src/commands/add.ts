import { Args } from '@oclif/core'
import { addToManifest } from '../workflows/edit-packages.ts'
import { projectOf } from '../workflows/project.ts'
import { BaseCommand } from './base/base-command.ts'
import type { Answer } from './base/envelope.ts'
import { manifestFlag } from './base/project-flags.ts'

export default class Add extends BaseCommand {
  static override summary = 'Add packages to the manifest; comments stay'
  static override description =
    'An item may have a version, a suite, alternatives and architectures, as in the manifest.'
  static override strict = false
  static override args = { name: Args.string({ description: 'what is wanted', required: true }) }
  static override flags = { ...manifestFlag }
  static override examples = [
    '<%= config.bin %> add nginx curl',
    '<%= config.bin %> add "openssl (>= 3.0)" "grub-efi-amd64-bin [amd64]"',
    '<%= config.bin %> add nginx=1.22.1-9',
  ]

  async run(): Promise<Answer> {
    const { argv, flags } = await this.parse(Add)
    const world = this.world()
    const project = projectOf(flags.file, world.workingFolder)
    const added = await addToManifest({ project, items: argv.map(String) }, world)
    const lines =
      added.length === 0
        ? [`${project.manifestName} has all of that already.`]
        : [`Added to ${project.manifestName}: ${added.join(', ')}`, 'Next: aptroot lock update']
    return { result: { manifest: project.manifestName, added }, lines }
  }
}
