import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { exportRevisions } from '../../workflows/exchange-revisions.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { databaseFlag, databaseOf } from '../base/revision-flags.ts'
import { count } from '../base/text.ts'

export default class RevisionExport extends BaseCommand {
  static override summary = 'Write all revisions of a service as text: a backup, or the way into another database'
  static override description =
    'One line of JSON for each, sorted: the same revisions give the same bytes. The service may run meanwhile; one state is written.'
  static override flags = {
    ...databaseFlag,
    output: Flags.string({
      char: 'o',
      summary: 'where to write; replaced when complete',
      helpValue: 'FILE',
      required: true,
    }),
  }
  static override examples = [
    '<%= config.bin %> revision export --output revisions.jsonl',
    '<%= config.bin %> revision export -d postgres://aptroot@db.example.org/revisions -o revisions.jsonl',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(RevisionExport)
    const world = this.world()
    const path = resolve(world.workingFolder, flags.output)
    const result = await exportRevisions({ database: databaseOf(flags, world), path }, this.session(flags), world)
    return { result, lines: [`Wrote ${count(result.revisions, 'revision')} to ${flags.output}.`] }
  }
}
