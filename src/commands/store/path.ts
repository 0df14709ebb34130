import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { settingsOf } from '../base/settings.ts'
import { ownStoreFlags } from '../base/settings-flags.ts'

export default class StorePath extends BaseCommand {
  static override summary = 'Print the folder of the store'
  static override description = 'The folder may not exist yet: the first download makes it.'
  static override flags = { ...ownStoreFlags }
  static override examples = ['<%= config.bin %> store path', 'du -sh "$(<%= config.bin %> store path)"']

  async run(): Promise<Answer> {
    const { flags } = await this.parse(StorePath)
    const { storeFolder } = await settingsOf(flags, this.world())
    return { result: { path: storeFolder }, lines: [storeFolder] }
  }
}
