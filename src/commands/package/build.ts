import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { sandboxBackEnds } from '../../sandbox/model.ts'
import { type BuildPackageRequest, buildPackage } from '../../workflows/build-package.ts'
import { type PublishedDebs, publishDebs } from '../../workflows/publish-debs.ts'
import { readPackage } from '../../workflows/read-package.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { LogFile } from '../base/log-file.ts'
import { packageBuildLines } from '../base/render/package-build-lines.ts'
import { signerFlag } from '../base/repository-flags.ts'
import { revisionServiceFlags } from '../base/revision-flags.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags, vendorFlags } from '../base/settings-flags.ts'

export default class PackageBuild extends BaseCommand {
  static override summary = 'Build a package of your own, or take what the same inputs gave before'
  static override description =
    'Runs the command of package.yaml in the sandbox, without a network, in the root of a lock. What goes in (sources, lock of the build root, command, environment, architecture) is the key of the result: while it stays the same, the debs are those of the first build, and nothing is started.'
  static override args = {
    folder: Args.string({ description: 'folder with a package.yaml, or such a file', default: '.' }),
  }
  static override flags = {
    root: Flags.string({
      summary: "manifest of the build root, wherever it lies [default: the description's]",
      helpValue: 'FILE',
    }),
    architecture: Flags.string({
      char: 'a',
      summary: "root to build in, may be given several times [default: the description's]",
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    output: Flags.string({
      char: 'o',
      summary: "folder for the outputs [default: the description's]",
      helpValue: 'DIR',
    }),
    'no-cache': Flags.boolean({ summary: 'build again whatever is known, and compare (exit 1 when it differs)' }),
    'dry-run': Flags.boolean({
      char: 'n',
      summary: 'tell what the key is made of and whether a build is needed; start nothing',
      exclusive: ['no-cache'],
    }),
    explain: Flags.boolean({ summary: 'name every input that changed since the last build' }),
    jobs: Flags.integer({
      char: 'j',
      summary: 'how much a build may do at a time [default: the processors of this host]',
      helpValue: 'N',
      min: 1,
      max: 1024,
    }),
    log: Flags.string({ summary: 'keep here what the build prints', helpValue: 'FILE' }),
    sandbox: Flags.option({
      options: sandboxBackEnds,
      summary: 'what isolates the build [default: the strongest that works here]',
    })(),
    'cache-to': Flags.string({
      summary: 'put the result, signed, into a folder that others use as --package-cache',
      helpValue: 'DIR',
    }),
    publish: Flags.string({
      summary: 'publish the debs in this repository',
      helpValue: 'DIR',
      dependsOn: ['suite'],
      exclusive: ['dry-run'],
    }),
    suite: Flags.string({ char: 's', summary: 'suite to publish in', helpValue: 'NAME', dependsOn: ['publish'] }),
    component: Flags.string({ summary: 'part of the suite', helpValue: 'NAME', dependsOn: ['publish'] }),
    ...signerFlag,
    'package-cache': Flags.string({
      summary: 'folder or address with builds of others, may be given several times',
      helpValue: 'DIR|URL',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'SETTINGS',
    }),
    'package-cache-key': Flags.string({
      summary: 'public key whose signed builds are believed, may be given several times',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'SETTINGS',
    }),
    ...revisionServiceFlags('service that numbers builds, for a `version-template`'),
    ...storeFlags,
    ...networkFlags,
    ...vendorFlags,
  }
  static override examples = [
    '<%= config.bin %> package build',
    '<%= config.bin %> package build packages/hello --root build-root.yaml --output debs',
    '<%= config.bin %> package build --dry-run --explain',
    '<%= config.bin %> package build --no-cache --log build.log',
    '<%= config.bin %> package build --publish /srv/apt --suite bookworm --sign-with key.asc',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(PackageBuild)
    const world = this.world()
    const log =
      flags.log === undefined ? undefined : new LogFile(resolve(world.workingFolder, flags.log), ['configure', 'build'])
    const session = log === undefined ? this.session(flags) : log.listen(this.session(flags))
    const cacheTo = flags['cache-to']
    const written = [flags.log, cacheTo, flags.publish].filter(name => name !== undefined)
    const project = await readPackage(args.folder, { root: flags.root, outputFolder: flags.output, written }, world)
    const site = await siteOf(flags, project, { session, world })
    const request: BuildPackageRequest = {
      project,
      site,
      architectures: flags.architecture,
      sandbox: flags.sandbox,
      jobs: flags.jobs ?? availableParallelism(),
      mode: flags['dry-run'] ? 'dry-run' : flags['no-cache'] ? 'compare' : 'build',
      cacheTo: cacheTo === undefined ? undefined : { folder: cacheTo, signWith: flags['sign-with'] },
    }
    try {
      const built = await buildPackage(request, session, world)
      const { publish } = flags
      const published: PublishedDebs | undefined =
        publish === undefined
          ? undefined
          : await publishDebs(
              {
                repository: { path: resolve(world.workingFolder, publish), name: publish },
                files: built.builds.flatMap(({ outputs }) =>
                  outputs.flatMap(({ name }) =>
                    name.endsWith('.deb') ? [resolve(world.workingFolder, built.outputFolder, name)] : [],
                  ),
                ),
                locked: undefined,
                // The service has numbered this build already.
                site: { ...site, revisions: undefined },
                suite: flags.suite ?? '',
                component: flags.component ?? 'main',
                // A deb for all architectures is listed for those that it was built on.
                architectures: built.builds.map(each => each.architecture),
                description: {},
                release: undefined,
                signWith: flags['sign-with'],
                mode: 'write',
              },
              session,
              world,
            )
      const detail = flags.explain ? 'whole' : 'short'
      return {
        result: { ...built, ...(published === undefined ? {} : { published }) },
        lines: packageBuildLines(built, published, detail),
      }
    } finally {
      // Above all after a failure.
      await log?.write()
    }
  }
}
