import { Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import type { Repair } from '../../workflows/repair-store.ts'
import { type VerifiedFolder, verifyStore } from '../../workflows/tend-store.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { settingsOf, siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags, vendorFlags } from '../base/settings-flags.ts'
import { count, formatBytes, type Line, span } from '../base/text.ts'

export default class StoreVerify extends BaseCommand {
  static override summary = 'Compare every file of the store with its digest, and replace or remove what differs'
  static override description =
    'What differs is removed, and fetched again where a lock of this folder pins it. Ends with exit code 7 when something differed and is not in the store again.'
  static override flags = {
    file: Flags.string({
      char: 'f',
      summary:
        'fetch again what the lock of this manifest pins, may be given several times [default: those of this folder]',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
      exclusive: ['no-repair'],
    }),
    'no-repair': Flags.boolean({ summary: 'only remove what differs' }),
    ...storeFlags,
    ...networkFlags,
    ...vendorFlags,
  }
  static override examples = [
    '<%= config.bin %> store verify',
    '<%= config.bin %> store verify -f web.aptroot.yaml',
    '<%= config.bin %> store verify --no-repair --json',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(StoreVerify)
    const world = this.world()
    const session = this.session(flags)
    const { storeFolder, storeLayers } = await settingsOf(flags, world)
    const repair: Repair = {
      kind: 'refetch',
      manifests: flags.file ?? [],
      // A project's own settings may name another store; it is this one that is repaired.
      siteOf: async project => ({
        ...(await siteOf(flags, project, { session, world })),
        storeFolder,
        storeLayers: [],
      }),
    }
    const found = await verifyStore(
      { storeFolder, storeLayers, repair: flags['no-repair'] ? { kind: 'none' } : repair },
      session,
      world,
    )
    const folders = [{ folder: storeFolder, ...found }, ...found.layers]
    const lines = folders.flatMap(linesOf)
    const lost = folders.flatMap(({ damaged }) =>
      damaged.filter(({ outcome }) => outcome !== 'refetched').map(({ path }) => path),
    )
    const [first] = lost
    if (first === undefined) return { result: found, lines }
    const isLeft = folders.some(({ damaged }) => damaged.some(({ outcome }) => outcome === 'left'))
    return {
      result: found,
      lines,
      fault: new Fault('STORE_CORRUPT', {
        message: `${count(lost.length, 'file')} in the store had other bytes than expected, first ${first}`,
        hint: `${isLeft ? 'What may not be written to was left: its owner can verify it.' : 'They were removed and are made anew when they are needed.'} If this happens repeatedly, check disk and memory.`,
        context: { store: storeFolder, lost },
      }),
    }
  }
}

function linesOf({ folder, ...found }: VerifiedFolder & { readonly folder: string }): Line[] {
  return [
    ...found.damaged.map(
      ({ path, reason, outcome }): Line => [
        outcome === 'refetched'
          ? span('good', 'refetched ')
          : span('bad', outcome === 'left' ? 'damaged ' : 'removed '),
        `${path}: ${reason}`,
      ],
    ),
    ...found.foreign.map((path): Line => [span('notice', 'foreign '), `${path}: not the store's, left alone`]),
    `${folder}: ${count(found.blobs, 'blob')}, ${count(found.objects, 'object')}, ${formatBytes(found.sizeBytes)} read`,
  ]
}
