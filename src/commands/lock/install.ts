import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { type OutputFormat, outputFormats } from '../../manifest/output.ts'
import { sandboxBackEnds } from '../../sandbox/model.ts'
import { type InstallLockRequest, type InstallLockResult, installLock } from '../../workflows/install-lock.ts'
import { findProjects } from '../../workflows/project.ts'
import type { TypedOutput } from '../../workflows/wanted-outputs.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { LogFile } from '../base/log-file.ts'
import { choiceOf, manifestsFlags } from '../base/project-flags.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, requireDigest, storeFlags, vendorFlags } from '../base/settings-flags.ts'
import { count, formatBytes, type Line, span } from '../base/text.ts'

export default class LockInstall extends BaseCommand {
  static override summary = 'Fetch, verify and assemble exactly what the lockfile pins'
  static override description =
    'Never resolves and never touches this host. Ends with exit code 1 when the lockfile does not answer the manifest.'
  static override flags = {
    ...manifestsFlags,
    output: Flags.string({
      char: 'o',
      summary: 'write here instead of to the outputs of the manifest; may hold {architecture}',
      helpValue: 'PATH',
      exclusive: ['fetch-only', 'digest', 'all'],
    }),
    format: Flags.option({
      options: outputFormats,
      summary:
        'of --output [default: by its name: tar for .tar, .tar.gz and .tar.zst, squashfs, erofs or ext4, else directory]',
      dependsOn: ['output'],
    })(),
    architecture: Flags.string({
      char: 'a',
      summary: 'only this root of the manifest, may be given several times',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'fetch-only': Flags.boolean({ summary: 'only bring the debs into the store', exclusive: ['digest', 'expect'] }),
    digest: Flags.boolean({ summary: "assemble and print the tree's digest, write no outputs" }),
    expect: Flags.string({
      summary: 'end with exit code 1, and write nothing, unless the tree has this digest',
      helpValue: 'SHA256',
    }),
    check: Flags.boolean({
      summary: 'build twice under different conditions and end with exit code 1 if the trees differ',
      exclusive: ['fetch-only'],
    }),
    sandbox: Flags.option({
      options: sandboxBackEnds,
      summary: 'what isolates maintainer scripts [default: the strongest that works here]',
    })(),
    log: Flags.string({ summary: 'keep here what maintainer scripts print', helpValue: 'FILE' }),
    sbom: Flags.string({
      summary:
        'write a bill of materials of the image, every file with its package: SPDX as NAME.spdx.json, CycloneDX as NAME.cdx.json; may hold {architecture} and be given several times',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
      exclusive: ['fetch-only'],
    }),
    provenance: Flags.string({
      summary: 'write an in-toto statement of what was built from what (SLSA provenance)',
      helpValue: 'FILE',
      exclusive: ['fetch-only'],
    }),
    ...storeFlags,
    ...networkFlags,
    ...vendorFlags,
  }
  static override examples = [
    '<%= config.bin %> lock install',
    '<%= config.bin %> lock install --architecture arm64 --output rootfs.tar',
    '<%= config.bin %> lock install --output image --format oci',
    '<%= config.bin %> lock install --fetch-only && <%= config.bin %> lock install --offline',
    '<%= config.bin %> lock install --digest --check',
    '<%= config.bin %> lock install --log scripts.log',
    '<%= config.bin %> lock install --sbom out/rootfs.spdx.json --provenance out/rootfs.intoto.json',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(LockInstall)
    const log = flags.log === undefined ? undefined : new LogFile(resolve(this.world().workingFolder, flags.log))
    const session = log === undefined ? this.session(flags) : log.listen(this.session(flags))
    const world = this.world()
    const projects = await findProjects(choiceOf(flags), world.workingFolder)
    const single = (['output', 'sbom', 'provenance'] as const).find(name => flags[name] !== undefined)
    if (single !== undefined && projects.length > 1)
      throw new Fault('USAGE_INVALID', {
        message: `--${single} names one place, but several manifests were given`,
        hint: 'Install one manifest at a time, or let each manifest name its outputs.',
      })
    const outputs =
      flags.output === undefined ? undefined : [typedOutput(flags.output, flags.format, world.workingFolder)]
    const purpose: InstallLockRequest['purpose'] = flags['fetch-only'] ? 'fetch' : flags.digest ? 'digest' : 'build'
    const expectedDigest = flags.expect === undefined ? undefined : requireDigest('--expect', flags.expect)
    const results: InstallLockResult[] = []
    for (const project of projects) {
      const site = await siteOf(flags, project, { session, world })
      const request: InstallLockRequest = {
        project,
        site,
        architectures: flags.architecture,
        outputs,
        purpose,
        expectedDigest,
        sandbox: flags.sandbox,
        builds: flags.check ? 'twice' : 'once',
        documents: {
          bills: (flags.sbom ?? []).map(name => ({ name, path: resolve(world.workingFolder, name) })),
          provenance:
            flags.provenance === undefined
              ? undefined
              : { name: flags.provenance, path: resolve(world.workingFolder, flags.provenance) },
        },
      }
      try {
        results.push(await installLock(request, session, world))
      } finally {
        // Above all after a failure.
        await log?.write()
      }
    }
    return { result: { locks: results }, lines: results.flatMap(result => linesOf(result, purpose)) }
  }
}

/** A folder may have any name, so only names that say what they are mean a file. */
const formatOfName: readonly (readonly [RegExp, OutputFormat])[] = [
  [/\.(?:tar|tar\.gz|tgz|tar\.zst|tzst)$/, 'tar'],
  [/\.(?:squashfs|sqfs)$/, 'squashfs'],
  [/\.erofs$/, 'erofs'],
  [/\.ext4$/, 'ext4'],
]

function typedOutput(name: string, format: OutputFormat | undefined, workingFolder: string): TypedOutput {
  const named = formatOfName.find(([pattern]) => pattern.test(name))?.[1]
  return { name, path: resolve(workingFolder, name), format: format ?? named ?? 'directory' }
}

function linesOf(result: InstallLockResult, purpose: InstallLockRequest['purpose']): Line[] {
  const fetched = `${result.lockName}: ${count(result.fetchedDebs, 'deb')} fetched (${formatBytes(result.fetchedBytes)}), ${result.reusedDebs} from the store.`
  if (purpose === 'fetch') return [fetched]
  const verb = result.outcome === 'unchanged' ? 'Unchanged:' : 'Wrote'
  return [
    fetched,
    ...result.roots.flatMap((root): Line[] => [
      ...root.outputs.map((output): Line => [`${verb} `, span('strong', output.name)]),
      ...root.bills.map((bill): Line => ['Wrote ', span('strong', bill)]),
      `${root.architecture}: ${count(root.debs, 'deb')}, tree sha256:${root.digest ?? ''}`,
    ]),
    ...(result.provenance === undefined ? [] : [['Wrote ', span('strong', result.provenance)] as const]),
  ]
}
