import { Args, Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { projectOf } from '../../workflows/project.ts'
import { type PublishedDebs, publishDebs } from '../../workflows/publish-debs.ts'
import { BaseCommand } from '../base/base-command.ts'
import { parseDuration } from '../base/duration.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { repositoryFlag, repositoryOf, signerFlag } from '../base/repository-flags.ts'
import { countsOf } from '../base/repository-text.ts'
import { revisionServiceFlags } from '../base/revision-flags.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags, vendorFlags } from '../base/settings-flags.ts'
import { type Line, span } from '../base/text.ts'

export default class RepoPublish extends BaseCommand {
  static override summary = 'Publish debs and source packages in a signed apt repository'
  static override description =
    'The repository is a folder that any web server can serve. A name, version and architecture keeps its bytes for ever; the same version with other bytes is refused. Any number of publishers may run at once. The passphrase of a locked key is taken from APTROOT_SIGNING_PASSPHRASE.'
  static override strict = false
  static override args = {
    debs: Args.string({
      name: 'DEB',
      description: 'debs, `.dsc` files with what they name beside them, and folders that hold some',
    }),
  }
  static override flags = {
    ...repositoryFlag,
    locked: Flags.boolean({ summary: 'also the debs of the lockfile, fetched as `lock install` does' }),
    ...manifestFlag,
    suite: Flags.string({
      char: 's',
      summary: 'what to publish in; made if it is not there',
      helpValue: 'NAME',
      required: true,
    }),
    component: Flags.string({ summary: 'part of the suite', helpValue: 'NAME', default: 'main' }),
    architecture: Flags.string({
      char: 'a',
      summary: 'an architecture that the suite has beside those of its debs, may be given several times',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    ...signerFlag,
    origin: Flags.string({ summary: 'the field Origin, for pins; kept until it is changed', helpValue: 'TEXT' }),
    label: Flags.string({ summary: 'the field Label; kept until it is changed', helpValue: 'TEXT' }),
    'valid-for': Flags.string({
      summary: 'how long readers may trust a Release: 14d; 0: for ever; kept until it is changed',
      helpValue: 'TIME',
    }),
    release: Flags.string({
      summary: 'keep the suite, as it is then, as SUITE-NUMBER, which never changes',
      helpValue: 'NUMBER',
    }),
    'dry-run': Flags.boolean({ char: 'n', summary: 'check everything and write nothing' }),
    ...revisionServiceFlags('who is asked for a free version where one is taken'),
    ...storeFlags,
    ...networkFlags,
    ...vendorFlags,
  }
  static override examples = [
    '<%= config.bin %> repo publish --suite bookworm --sign-with key.asc hello_1.0_amd64.deb',
    '<%= config.bin %> repo publish -r /srv/apt -s bookworm --sign-with gpg:0123456789ABCDEF0123456789ABCDEF01234567 build/',
    '<%= config.bin %> repo publish -s bookworm --release 2026.11.3 build/',
    '<%= config.bin %> repo publish -s base --locked --sign-with key.asc',
  ]

  async run(): Promise<Answer> {
    const { argv, flags } = await this.parse(RepoPublish)
    const world = this.world()
    const session = this.session(flags)
    if (argv.length === 0 && !flags.locked)
      throw new Fault('USAGE_INVALID', {
        message: 'nothing is given to publish',
        hint: 'Name debs, `.dsc` files or folders that hold some, or say `--locked` for those of the lockfile.',
      })
    const project = projectOf(flags.file, world.workingFolder)
    const validFor = flags['valid-for']
    const validForSeconds = validFor === undefined ? undefined : parseDuration('--valid-for', validFor) / 1000
    const result = await publishDebs(
      {
        repository: repositoryOf(flags, world),
        files: argv.map(String),
        locked: flags.locked ? project : undefined,
        site: await siteOf(flags, project, { session, world }),
        suite: flags.suite,
        component: flags.component,
        architectures: flags.architecture ?? [],
        description: {
          ...(flags.origin === undefined ? {} : { origin: flags.origin }),
          ...(flags.label === undefined ? {} : { label: flags.label }),
          ...(validForSeconds === undefined ? {} : { validForSeconds: validForSeconds || undefined }),
        },
        release: flags.release,
        signWith: flags['sign-with'],
        mode: flags['dry-run'] ? 'dry-run' : 'write',
      },
      session,
      world,
    )
    return { result, lines: linesOf(result, flags['dry-run']) }
  }
}

function linesOf(
  { repository, suite, kind, debs, sources, release, fingerprint }: PublishedDebs,
  isDryRun: boolean,
): Line[] {
  const holds = `${countsOf({ debs, sources })}, signed by ${fingerprint}`
  const state = kind === 'unchanged' ? 'unchanged' : isDryRun ? 'would be published' : 'published'
  return [
    [span('strong', `${repository} ${suite}`), ` ${state}: ${holds}.`],
    ...(release === undefined ? [] : [[isDryRun ? 'Would be kept as ' : 'Kept as ', span('strong', release), '.']]),
  ]
}
