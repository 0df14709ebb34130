import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { namesVendor } from '../../manifest/presets/vendors.ts'
import {
  type AddArchiveRequest,
  addPlannedArchives,
  type PlannedArchive,
  planArchives,
} from '../../workflows/add-archive.ts'
import { type KeyDownload, keyDownload } from '../../workflows/archive-preset.ts'
import { projectOf } from '../../workflows/project.ts'
import type { World } from '../../workflows/world.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags } from '../base/settings-flags.ts'
import { type Line, span } from '../base/text.ts'

export default class ArchiveAdd extends BaseCommand {
  static override summary = 'Add an archive to the manifest, after showing whose key it is'
  static override description =
    "Takes a `deb …` line in quotes, apt's .list or .sources file, or the name of an archive that aptroot knows for the manifest's distribution: docker, pgdg (PostgreSQL) or ppa:USER/NAME (Launchpad). The key comes from --key, else from where `signed-by` points, of a known archive from its vendor over https, and is copied into the project."
  static override args = {
    source: Args.string({ description: '"deb … line", file, docker, pgdg or ppa:USER/NAME', required: true }),
  }
  static override flags = {
    ...manifestFlag,
    key: Flags.string({ char: 'k', summary: "the archive's public key, armored or binary", helpValue: 'FILE' }),
    id: Flags.string({
      summary: 'name of the archive in manifest and lock [default: from its address]',
      helpValue: 'NAME',
    }),
    yes: Flags.boolean({ char: 'y', summary: 'do not ask; for scripts that know the fingerprint' }),
    proxy: networkFlags.proxy,
    timeout: networkFlags.timeout,
    offline: networkFlags.offline,
  }
  static override examples = [
    '<%= config.bin %> archive add "deb [signed-by=/etc/apt/keyrings/example.asc] https://deb.example.org/debian bookworm main"',
    '<%= config.bin %> archive add /etc/apt/sources.list.d/example.sources',
    '<%= config.bin %> archive add "deb https://deb.example.org/debian bookworm main" --key example.asc --id example --yes',
    '<%= config.bin %> archive add docker',
    '<%= config.bin %> archive add ppa:deadsnakes/ppa',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(ArchiveAdd)
    const world = this.world()
    const session = this.session(flags)
    const project = projectOf(flags.file, world.workingFolder)
    const download = keyDownload(() => siteOf(flags, project, { session, world }), session, world)
    const request: AddArchiveRequest = {
      project,
      source: sourceOf(args.source, download, world),
      id: flags.id,
      keyPath: flags.key === undefined ? undefined : resolve(world.workingFolder, flags.key),
      systemFolder: '/',
    }
    const planned = await planArchives(request, world)
    const shown = planned.flatMap(planLines)
    if (!flags.yes) await this.#confirm(planned, shown)
    await addPlannedArchives(project, planned, world)
    return {
      result: { manifest: project.manifestName, archives: planned.map(plainPlan) },
      lines: [
        ...(flags.yes ? shown : []),
        `Added to ${project.manifestName}: ${planned.map(each => each.archive.id).join(', ')}`,
        'Next: aptroot lock update',
      ],
    }
  }

  /** A key is trusted by a person who looked at it, or by a script that says so. */
  async #confirm(planned: readonly PlannedArchive[], shown: readonly Line[]): Promise<void> {
    const { stderr, format, signal } = this.invocation
    if (format === 'json' || process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
      const keys = planned.flatMap(each => each.fingerprints)
      throw new Fault('USAGE_INVALID', {
        message: `nobody is here to confirm the key ${keys.join(', ')}`,
        hint: 'Compare the fingerprint with one that you trust, then run the command again with --yes.',
        context: { fingerprints: keys },
      })
    }
    stderr.lines(shown)
    const { createInterface } = await import('node:readline/promises')
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    // In raw mode the terminal sends Ctrl-C to readline instead of to the process.
    terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
    try {
      // Ctrl-D closes the terminal, and the question would never be answered.
      const closed = new Promise<string>(resolve => terminal.once('close', () => resolve('')))
      const question = terminal.question('Trust these keys for these archives? [y/N] ', { signal })
      const reply = await Promise.race([question, closed])
      if (/^y(es)?$/i.test(reply.trim())) return
    } finally {
      terminal.close()
    }
    throw new Fault('USAGE_INVALID', { message: 'nothing was added', hint: 'Answer y to trust the key.' })
  }
}

function sourceOf(
  words: string,
  download: KeyDownload,
  { workingFolder }: Pick<World, 'workingFolder'>,
): AddArchiveRequest['source'] {
  if (/^deb(-src)?[\s[]/.test(words)) return { kind: 'line', text: words }
  if (namesVendor(words)) return { kind: 'preset', name: words, download }
  return { kind: 'file', path: resolve(workingFolder, words) }
}

function planLines({ archive, fingerprints, key }: PlannedArchive): Line[] {
  return [
    [span('strong', archive.id), ` ${archive.uris[0]} ${archive.suites.join(' ')} ${archive.components.join(' ')}`],
    ...fingerprints.map((fingerprint): Line => ['  signed by ', span('strong', fingerprint)]),
    key === undefined ? '  (a key ring that ships with aptroot)' : `  kept in ${key.path}`,
  ]
}

function plainPlan({ archive, fingerprints, key }: PlannedArchive) {
  return { ...archive, fingerprints, keyFile: key?.path }
}
