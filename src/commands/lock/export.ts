import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { exportFormats, exportLock } from '../../workflows/export-lock.ts'
import { projectOf } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { settingsOf } from '../base/settings.ts'
import { storeFlags } from '../base/settings-flags.ts'
import { count, span } from '../base/text.ts'

export default class LockExport extends BaseCommand {
  static override summary = 'Write what is locked in a format that other tools read'
  static override description =
    'From the lockfile alone, and the same bytes everywhere: SPDX 2.3, CycloneDX 1.5, SHA256SUMS, a Packages file, pins for apt, package URLs. `packages` takes control fields from the store where it has the deb.'
  static override flags = {
    ...manifestFlag,
    format: Flags.option({ options: exportFormats, summary: 'what to write', required: true })(),
    output: Flags.string({ char: 'o', summary: 'write here instead of to standard output', helpValue: 'FILE' }),
    architecture: Flags.string({
      char: 'a',
      summary: 'only this root of the lock, may be given several times',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    ...storeFlags,
  }
  static override examples = [
    '<%= config.bin %> lock export --format spdx -o aptroot.spdx.json',
    '<%= config.bin %> lock export --format cyclonedx --architecture arm64',
    '<%= config.bin %> lock vendor vendor && <%= config.bin %> lock export --format sha256sums | (cd vendor && sha256sum --check)',
    '<%= config.bin %> lock export --format apt-pins -o /etc/apt/preferences.d/locked',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(LockExport)
    const session = this.session(flags)
    const world = this.world()
    const { storeFolder } = await settingsOf(flags, world)
    const { text, ...exported } = await exportLock(
      {
        project: projectOf(flags.file, world.workingFolder),
        format: flags.format,
        architectures: flags.architecture,
        storeFolder,
        path: flags.output === undefined ? undefined : resolve(world.workingFolder, flags.output),
      },
      session,
      world,
    )
    if (exported.undescribed.length > 0)
      session.journal.emit({
        kind: 'warned',
        stage: 'store',
        message: `the store does not have ${count(exported.undescribed.length, 'deb')}, so ${exported.undescribed.length === 1 ? 'its stanza has' : 'their stanzas have'} no relations: ${exported.undescribed.slice(0, 5).join(', ')}`,
        hint: 'Run `aptroot lock install --fetch-only` before, to have whole stanzas.',
      })
    if (flags.output !== undefined)
      return {
        result: { ...exported, output: flags.output },
        lines: [['Wrote ', span('strong', flags.output), ` (${count(exported.debs, 'deb')}).`]],
      }
    return { result: { ...exported, text }, lines: text.trimEnd().split('\n'), document: text }
  }
}
