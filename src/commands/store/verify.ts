import { Fault } from '../../kernel/index.ts'
import { verifyStore } from '../../workflows/tend-store.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { settingsOf } from '../base/settings.ts'
import { storeFlags } from '../base/settings-flags.ts'
import { count, formatBytes, span } from '../base/text.ts'

export default class StoreVerify extends BaseCommand {
  static override summary = 'Compare every file of the store with its digest, and remove what differs'
  static override description =
    'Ends with exit code 7 when something differed; what was removed is fetched again when it is needed.'
  static override flags = { ...storeFlags }
  static override examples = ['<%= config.bin %> store verify']

  async run(): Promise<Answer> {
    const { flags } = await this.parse(StoreVerify)
    const world = this.world()
    const { storeFolder } = await settingsOf(flags, world)
    const found = await verifyStore({ storeFolder }, this.session(flags), world)
    const summary = `${storeFolder}: ${count(found.blobs, 'blob')}, ${count(found.objects, 'object')}, ${formatBytes(found.sizeBytes)} read`
    const lines = [
      ...found.removed.map(each => [span('bad', 'removed '), `${each.path}: ${each.reason}`]),
      ...found.foreign.map(path => [span('notice', 'foreign '), `${path}: not the store's, left alone`]),
      summary,
    ]
    const first = found.removed[0]
    if (first === undefined) return { result: found, lines }
    return {
      result: found,
      lines,
      fault: new Fault('STORE_CORRUPT', {
        message: `${count(found.removed.length, 'file')} in the store had other bytes than expected, first ${first.path}`,
        hint: 'They were removed and will be fetched again. If this happens repeatedly, check disk and memory.',
        context: { store: storeFolder, removed: found.removed.map(each => each.path) },
      }),
    }
  }
}
