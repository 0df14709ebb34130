import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { Fault } from '../kernel/index.ts'
import { type InitRequest, type InitResult, initManifest } from '../workflows/init-manifest.ts'
import { projectOf } from '../workflows/project.ts'
import { type GitAttributes, gitSettings, setUpGit } from '../workflows/set-up-git.ts'
import { BaseCommand } from './base/base-command.ts'
import type { Answer } from './base/envelope.ts'
import { manifestFlag } from './base/project-flags.ts'
import { type Line, span } from './base/text.ts'

export default class Init extends BaseCommand {
  static override summary = 'Write a first manifest'
  static override description =
    "From a release that aptroot knows (`--suite bookworm`), from this host's apt sources and keys (`--from-host`), or from another program's file (`--from`). Inside a git checkout .gitattributes gets a line about the lockfile; " +
    '`--git` in each clone tells git what that line means.'
  static override strict = false
  static override args = { name: Args.string({ description: 'packages that are wanted', ignoreStdin: true }) }
  static override flags = {
    ...manifestFlag,
    suite: Flags.string({
      char: 's',
      summary: 'release, such as bookworm, debian/trixie or noble',
      helpValue: 'NAME',
      exclusive: ['from-host', 'git'],
    }),
    from: Flags.string({
      summary:
        "take what another program's file asks for: of rules_distroless, repro-env, multistrap, or dpkg's status",
      helpValue: 'FILE',
      exclusive: ['from-host', 'git'],
    }),
    'from-host': Flags.boolean({ summary: "take archives and keys from this host's apt configuration" }),
    architecture: Flags.string({
      char: 'a',
      summary: "architecture, may be given several times [default: this host's]",
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    base: Flags.option({
      options: ['none', 'essential', 'required', 'important'] as const,
      summary: 'set that is wanted beside the packages [default: what the release proposes]',
    })(),
    git: Flags.boolean({
      summary: 'only set up git: .gitattributes, and the merge driver and textconv of this clone',
      exclusive: ['from-host', 'from', 'force'],
    }),
    force: Flags.boolean({ summary: 'replace a manifest that exists' }),
  }
  static override examples = [
    '<%= config.bin %> init --suite bookworm nginx',
    '<%= config.bin %> init --suite noble -a amd64 -a arm64 --base essential bash',
    '<%= config.bin %> init --from-host',
    '<%= config.bin %> init --from multistrap.conf',
    '<%= config.bin %> init --from repro-env.lock --suite bookworm',
    '<%= config.bin %> init --git',
  ]

  async run(): Promise<Answer> {
    const { argv, flags } = await this.parse(Init)
    const session = this.session(flags)
    const world = this.world()
    const project = projectOf(flags.file, world.workingFolder)
    if (flags.git) {
      if (argv.length > 0)
        throw new Fault('USAGE_INVALID', {
          message: '--git sets up git and wants no packages',
          hint: 'Use `aptroot add NAME…` for packages.',
        })
      const git = await setUpGit(project, session, world)
      return { result: { git, settings: gitSettings }, lines: gitLines(git) }
    }
    const result = await initManifest(
      {
        project,
        source: sourceOf(flags, world.workingFolder),
        packages: argv.map(String),
        architectures: flags.architecture,
        base: flags.base,
        existing: flags.force ? 'replace' : 'keep',
      },
      session,
      world,
    )
    return { result, lines: linesOf(result, flags.file) }
  }
}

function sourceOf(
  flags: {
    readonly suite?: string | undefined
    readonly from?: string | undefined
    readonly 'from-host': boolean
  },
  workingFolder: string,
): InitRequest['source'] {
  if (flags.from !== undefined) return { kind: 'import', path: resolve(workingFolder, flags.from), suite: flags.suite }
  if (flags['from-host']) return { kind: 'host', systemFolder: '/' }
  if (flags.suite !== undefined) return { kind: 'preset', suite: flags.suite }
  throw new Fault('USAGE_INVALID', {
    message: 'neither --suite, --from-host nor --from was given',
    hint: "Name a release, as in `aptroot init --suite bookworm nginx`, or take this host's sources with --from-host.",
  })
}

/** A lock of another program may have hundreds. */
function namesOf(packages: readonly string[]): string {
  const shown = 20
  if (packages.length <= shown) return packages.join(', ')
  return `${packages.slice(0, shown).join(', ')} and ${packages.length - shown} more`
}

function gitLines(git: GitAttributes): Line[] {
  const written = git.kind === 'written' ? [`Wrote to .gitattributes: ${git.line}`] : []
  return [
    ...written,
    'In this clone git merges and compares lockfiles with:',
    ...gitSettings.map(({ name, value }) => `  ${name} = ${value}`),
  ]
}

function linesOf(result: InitResult, manifestFlagValue: string): Line[] {
  const { manifestName, distribution, archives, architectures, base, packages, imported } = result
  const wanted = packages.length === 0 ? 'no packages yet' : namesOf(packages)
  const file = manifestFlagValue === 'aptroot.yaml' ? '' : ` -f ${manifestName}`
  return [
    ['Wrote ', span('strong', manifestName), `: ${wanted}; base ${base}; ${architectures.join(', ')}.`],
    ...(imported === undefined ? [] : [`Read a ${imported.format}.`]),
    ...(distribution === undefined ? [] : [`From ${distribution}: ${archives.map(each => each.id).join(', ')}.`]),
    ...archives.flatMap((archive): Line[] => [
      ...(distribution === undefined ? [`  ${archive.id}: ${archive.uri}`] : []),
      ...archive.fingerprints.map(fingerprint => `    signed by ${fingerprint}`),
    ]),
    ...(result.git.kind === 'written'
      ? [`Wrote to .gitattributes: ${result.git.line}`, 'In each clone: aptroot init --git']
      : []),
    `Next: aptroot lock update${file}${imported?.snapshot === undefined ? '' : ` --snapshot ${imported.snapshot}`}`,
  ]
}
