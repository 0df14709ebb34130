import { resolve } from 'node:path'
import { Args } from '@oclif/core'
import { importRevisions } from '../../workflows/exchange-revisions.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { databaseFlag, databaseOf } from '../base/revision-flags.ts'
import { count } from '../base/text.ts'

export default class RevisionImport extends BaseCommand {
  static override summary = 'Read what revision export wrote into a database, all of it or nothing'
  static override description =
    'Revisions that the database has are passed over; one that contradicts it is refused. A database that is not there is made.'
  static override args = {
    file: Args.string({ name: 'FILE', description: 'what revision export wrote', required: true }),
  }
  static override flags = { ...databaseFlag }
  static override examples = [
    '<%= config.bin %> revision import revisions.jsonl',
    '<%= config.bin %> revision import -d postgres://aptroot@db.example.org/revisions revisions.jsonl',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(RevisionImport)
    const world = this.world()
    const path = resolve(world.workingFolder, args.file)
    const result = await importRevisions({ database: databaseOf(flags, world), path }, this.session(flags), world)
    return { result, lines: [`Added ${count(result.added, 'revision')}; the database has ${result.revisions}.`] }
  }
}
