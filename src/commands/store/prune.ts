import { Flags } from '@oclif/core'
import { pruneStore } from '../../workflows/tend-store.ts'
import { BaseCommand } from '../base/base-command.ts'
import { parseSize } from '../base/byte-size.ts'
import { parseDuration } from '../base/duration.ts'
import type { Answer } from '../base/envelope.ts'
import { settingsOf } from '../base/settings.ts'
import { ownStoreFlags } from '../base/settings-flags.ts'
import { count, formatBytes } from '../base/text.ts'

export default class StorePrune extends BaseCommand {
  static override summary = 'Remove from the store what was not used for long'
  static override description =
    'Only speed is lost: whatever a lock still needs is fetched again. Other runs of aptroot may go on meanwhile.'
  static override flags = {
    ...ownStoreFlags,
    'unused-for': Flags.string({
      summary: 'remove what nobody used for this long: 12h, 30d, 8w, or 0 for everything',
      helpValue: 'TIME',
      default: '30d',
    }),
    'max-size': Flags.string({
      summary: 'remove what was unused for longest until this much is left: 500M, 20G',
      helpValue: 'SIZE',
    }),
    keep: Flags.string({
      summary: 'keep the debs of this lockfile whatever their age, may be given several times',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
  }
  static override examples = [
    '<%= config.bin %> store prune',
    '<%= config.bin %> store prune --max-size 20G',
    '<%= config.bin %> store prune --unused-for 0 --keep aptroot.lock',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(StorePrune)
    const unusedForMilliseconds = parseDuration('--unused-for', flags['unused-for'])
    const maximumBytes = flags['max-size'] === undefined ? undefined : parseSize('--max-size', flags['max-size'])
    const world = this.world()
    const { storeFolder } = await settingsOf(flags, world)
    const result = await pruneStore(
      { storeFolder, unusedForMilliseconds, maximumBytes, keptLocks: flags.keep ?? [] },
      this.session(flags),
      world,
    )
    const lines = [
      `${storeFolder}: removed ${count(result.removedFiles, 'file')} (${formatBytes(result.freedBytes)}), kept ${result.keptFiles} (${formatBytes(result.keptBytes)})`,
    ]
    return { result, lines }
  }
}
