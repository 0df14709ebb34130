import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { type MirroredLocks, mirrorLocks } from '../../workflows/mirror-locks.ts'
import { findProjects } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { choiceOf, manifestsFlags } from '../base/project-flags.ts'
import { signerFlag } from '../base/repository-flags.ts'
import { countsOf } from '../base/repository-text.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags, vendorFlags } from '../base/settings-flags.ts'
import { formatBytes, type Line, span } from '../base/text.ts'

export default class RepoMirror extends BaseCommand {
  static override summary = 'Publish exactly the debs of locks, as a mirror that aptroot and apt can use'
  static override description =
    'Each archive gets a repository of its own below the folder, signed with your key, with the debs where the lock says that they lie. Debs that other locks brought there stay.'
  static override args = {
    folder: Args.string({ name: 'DIR', description: 'the mirror; made if it is not there', required: true }),
  }
  static override flags = {
    ...manifestsFlags,
    ...signerFlag,
    sources: Flags.boolean({
      summary: 'also the source packages that the debs were built from, Built-Using included',
    }),
    ...storeFlags,
    ...networkFlags,
    ...vendorFlags,
  }
  static override examples = [
    '<%= config.bin %> repo mirror /srv/mirror --sign-with key.asc',
    '<%= config.bin %> repo mirror --all /srv/mirror --sign-with key.asc',
    '<%= config.bin %> repo mirror --sources /srv/mirror --sign-with key.asc',
    '<%= config.bin %> lock install --mirror debian=http://mirror.example.org/debian',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(RepoMirror)
    const session = this.session(flags)
    const world = this.world()
    const result = await mirrorLocks(
      {
        projects: await findProjects(choiceOf(flags), world.workingFolder),
        siteOf: project => siteOf(flags, project, { session, world }),
        place: { path: resolve(world.workingFolder, args.folder), name: args.folder },
        signWith: flags['sign-with'],
        sources: flags.sources ? 'wanted' : 'left out',
      },
      session,
      world,
    )
    return { result, lines: linesOf(result) }
  }
}

function linesOf({ folder, debs, sources, sizeBytes, fingerprint, suites }: MirroredLocks): Line[] {
  return [
    [
      span('strong', folder),
      ` holds ${countsOf({ debs, sources })} of these locks (${formatBytes(sizeBytes)}), signed by ${fingerprint}.`,
    ],
    ...suites.map(
      ({ archive, suite, components, kind, ...counts }) =>
        `  ${archive} ${suite} ${components.join(' ')}  ${countsOf(counts)}, ${kind}`,
    ),
  ]
}
