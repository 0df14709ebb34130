import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { Fault, quoted } from '../../kernel/index.ts'
import { revisionModes } from '../../revision/assign.ts'
import { serveRevisions } from '../../workflows/serve-revisions.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { databaseFlag, databaseOf } from '../base/revision-flags.ts'

export default class RevisionServe extends BaseCommand {
  static override summary = 'Number builds of own packages: answer over HTTP which revision a checksum has'
  static override description =
    'Runs until it is interrupted, and then answers what is under way. Only this machine can ask unless --listen says otherwise, which takes --tokens or --read-only. Several may run on one database. TLS is the business of a reverse proxy.'
  static override flags = {
    ...databaseFlag,
    mode: Flags.option({
      options: revisionModes,
      summary:
        'what an old checksum gets: history, its old revision; no-history, a new one [default: what the table was made with, else history]',
    })(),
    'read-only': Flags.boolean({ summary: 'answer what is known and give no new revisions' }),
    upstream: Flags.string({
      summary: 'extend this service: what it knows is answered as it says, the rest is 4.1, 4.2, … after its newest',
      helpValue: 'URL',
    }),
    tokens: Flags.string({
      summary: "file of the writers' tokens, one a line; read again when it changes",
      helpValue: 'FILE',
    }),
    listen: Flags.string({
      char: 'l',
      summary: 'address and port; port 0 for any that is free',
      helpValue: 'ADDRESS:PORT',
      default: '127.0.0.1:8090',
    }),
  }
  static override examples = [
    '<%= config.bin %> revision serve',
    '<%= config.bin %> revision serve --database /srv/revisions.db --tokens /etc/aptroot/tokens --listen 0.0.0.0:8090',
    '<%= config.bin %> revision serve --database postgres://aptroot@db.example.org/revisions --tokens /etc/aptroot/tokens',
    '<%= config.bin %> revision serve --database mine.db --upstream https://revisions.example.org',
    '<%= config.bin %> revision serve --database copy.db --read-only --listen 0.0.0.0:8090',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(RevisionServe)
    const world = this.world()
    const result = await serveRevisions(
      {
        database: databaseOf(flags, world),
        mode: flags.mode,
        access: flags['read-only'] ? 'read-only' : 'write',
        upstream: flags.upstream,
        tokensFile: flags.tokens === undefined ? undefined : resolve(world.workingFolder, flags.tokens),
        listen: placeOf(flags.listen),
      },
      this.session(flags),
      world,
    )
    return { result, lines: [] }
  }
}

function placeOf(text: string): { readonly address: string; readonly port: number } {
  const match = /^(?:\[([0-9a-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/i.exec(text)
  const port = Number(match?.[3])
  const address = match?.[1] ?? match?.[2]
  if (address !== undefined && port <= 65_535) return { address, port }
  throw new Fault('USAGE_INVALID', {
    message: `--listen is ${quoted(text)}, which is no ADDRESS:PORT`,
    hint: 'For example: --listen 127.0.0.1:8090, --listen [::1]:8090.',
  })
}
