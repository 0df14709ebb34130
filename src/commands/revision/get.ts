import { Args, Flags } from '@oclif/core'
import { getRevision } from '../../workflows/get-revision.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { revisionServiceFlags } from '../base/revision-flags.ts'
import { siteOf } from '../base/settings.ts'
import { requireDigest } from '../base/settings-flags.ts'

export default class RevisionGet extends BaseCommand {
  static override summary = 'Ask a revision service which revision a build has'
  static override description =
    'Prints the revision, or with --template the Debian version of it. Address and token may stand in your settings.'
  static override args = {
    package: Args.string({ name: 'PACKAGE', description: 'the source package', required: true }),
    version: Args.string({ name: 'VERSION', description: 'of the source, without revision', required: true }),
  }
  static override flags = {
    checksum: Flags.string({
      char: 'c',
      summary: 'sha256 of everything that goes into the build',
      helpValue: 'SHA256',
      required: true,
    }),
    architecture: Flags.string({
      char: 'a',
      summary: "what is built for, or all [default: this host's]",
      helpValue: 'NAME',
    }),
    template: Flags.string({
      char: 't',
      summary: 'print a version: {version} or {recipe}, and {revision} once',
      helpValue: 'TEMPLATE',
    }),
    ...revisionServiceFlags('address of the service [default: http://127.0.0.1:8090]'),
  }
  static override examples = [
    '<%= config.bin %> revision get hello 2.10 --checksum $(sha256sum inputs.tar | cut -c1-64)',
    '<%= config.bin %> revision get hello 2.10 -a arm64 -c SHA256 --template {version}+r{revision}',
    '<%= config.bin %> revision get hello 2.10 -c SHA256 --revision-service https://revisions.example.org --token-file token',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(RevisionGet)
    const session = this.session(flags)
    const world = this.world()
    const site = await siteOf(flags, { folder: world.workingFolder }, { session, world })
    const result = await getRevision(
      {
        package: args.package,
        version: args.version,
        architecture: flags.architecture,
        checksum: requireDigest('--checksum', flags.checksum),
        template: flags.template,
        service: site.revisions?.service,
        token: site.revisions?.token,
        routes: { proxyOf: site.proxyOf, tlsOf: site.tlsOf },
      },
      session,
      world,
    )
    return { result, lines: [flags.template === undefined ? result.revision : result.debianVersion] }
  }
}
