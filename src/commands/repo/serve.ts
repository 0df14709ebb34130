import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { startFolderServer } from '../../adapters/folder-server.ts'
import { Fault } from '../../kernel/index.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'

export default class RepoServe extends BaseCommand {
  static override summary = 'Serve a repository or a mirror over HTTP, until it is interrupted'
  static override description =
    'For tests and small teams: only this machine can ask unless --address says otherwise. Only debs, indexes and keys are served.'
  static override args = {
    folder: Args.string({ name: 'DIR', description: 'a repository, or a folder of some', default: 'repository' }),
  }
  static override flags = {
    address: Flags.string({ summary: 'address to listen on', helpValue: 'IP', default: '127.0.0.1' }),
    port: Flags.integer({
      char: 'p',
      summary: 'port; 0 for any that is free',
      helpValue: 'NUMBER',
      default: 8080,
      min: 0,
      max: 65535,
    }),
  }
  static override examples = [
    '<%= config.bin %> repo serve',
    '<%= config.bin %> repo serve /srv/mirror --address 0.0.0.0 --port 80',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(RepoServe)
    const { journal, signal } = this.session(flags)
    let answers = 0
    const server = await startFolderServer({
      folder: resolve(this.world().workingFolder, args.folder),
      isServed,
      address: flags.address,
      port: flags.port,
      onAnswer: ({ method, path, status }) => {
        answers += 1
        journal.emit({ kind: 'traced', stage: 'fetch', message: `${method} ${path} ${status}` })
      },
    }).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        throw new Fault('USAGE_INVALID', {
          message: `there is no folder ${args.folder}`,
          hint: 'Name a repository; `aptroot repo publish` makes one.',
          context: { folder: args.folder },
        })
      throw error
    })
    journal.emit({ kind: 'noted', stage: 'fetch', message: `serving ${args.folder} at ${server.url}` })
    try {
      await new Promise<void>(done => {
        if (signal.aborted) done()
        else signal.addEventListener('abort', () => done(), { once: true })
      })
    } finally {
      await server.close()
    }
    return { result: { url: server.url, answers }, lines: [] }
  }
}

/** What publishing wrote for readers, of a repository or of several side by side; never records of its own. */
function isServed(path: string): boolean {
  return /^([^/]+\/)?(dists|pool)\//.test(path) || /^([^/]+\/)?archive-key\.asc$/.test(path) || path.endsWith('.deb')
}
