import type { Session } from '../kernel/index.ts'
import type { Manifest, PackageDescription } from '../manifest/index.ts'
import {
  type BuildInput,
  buildInputs,
  buildKey,
  type InputSummary,
  sourceInputs,
  sourceTree,
  summariseInputs,
  versionEntry,
} from '../package-build/index.ts'
import { readVersionTemplate, type VersionTemplate, versionOf } from '../revision/template.ts'
import type { Store } from '../store/index.ts'
import type { TreeEntry } from '../tree/index.ts'
import type { PlannedRoot } from './plan-roots.ts'
import type { SourceFacts } from './read-package.ts'
import { rootInputs } from './root-inputs.ts'

export interface PlanRequest {
  readonly description: PackageDescription
  readonly facts: SourceFacts
  readonly manifest: Manifest
  readonly root: PlannedRoot
  /** The first root of the manifest builds what is for all architectures. */
  readonly turn: 'first' | 'further'
}

/** The build of a package for one architecture, before anything is started. */
export interface PackagePlan {
  readonly packageName: string
  /** Of the sources. */
  readonly version: string
  readonly architecture: string
  readonly manifest: Manifest
  readonly root: PlannedRoot
  readonly sourceDateEpochSeconds: number
  readonly inputs: readonly BuildInput[]
  readonly summary: readonly InputSummary[]
  readonly key: string
  readonly template: VersionTemplate | undefined
  readonly command: readonly string[]
  readonly outputs: readonly string[]
  /** Name of the folder that the sources lie in. */
  readonly sourceFolder: string
  /** What the debs are called. */
  readonly versionWith: (revision: string) => string
  /** The sources, where need be with an entry of the changelog that says that version. */
  readonly sourcesFor: (version: string) => Promise<ReadonlyMap<string, TreeEntry>>
  readonly environmentOf: (version: string, jobs: number) => Readonly<Record<string, string>>
}

/** @throws {Fault} `REVISION_TEMPLATE_INVALID`, and as `rootInputs` */
export async function planPackage(request: PlanRequest, store: Store, session: Session): Promise<PackagePlan> {
  const { description, facts, manifest, root, turn } = request
  const { name, version, sources } = facts
  const template =
    description.versionTemplate === undefined ? undefined : readVersionTemplate(description.versionTemplate)
  const sourceDateEpochSeconds = facts.sourceDateEpochSeconds ?? root.assembly.sourceDateEpochSeconds
  const architecture = root.root.native
  const command = commandOf(description, turn)
  const { environment, outputs } = description
  const inputs = buildInputs({
    ...{ packageName: name, version, architecture, sourceDateEpochSeconds, command, environment, outputs },
    sources: sourceInputs(sources),
    root: await rootInputs(root, store, session),
  })
  return {
    ...{ packageName: name, version, architecture, manifest, root, sourceDateEpochSeconds, inputs, template, command },
    summary: summariseInputs(inputs),
    key: buildKey(inputs),
    outputs,
    // Policy 4.14 and convention: an epoch is no part of it; a colon would part the paths of a search path.
    sourceFolder: `${name}-${version.replace(/^\d+:/, '')}`,
    versionWith: revision => (template === undefined ? version : versionOf(template, version, revision)),
    sourcesFor: async wanted => {
      const tree = sourceTree(sources, sourceDateEpochSeconds)
      const { changelog } = facts
      const present = changelog === undefined ? undefined : tree.get(changelog.path)
      if (changelog === undefined || present?.kind !== 'file' || changelog.newest.version === wanted) return tree
      const entry = versionEntry(changelog.newest, { version: wanted, atSeconds: sourceDateEpochSeconds })
      // Byte for byte below it: entries of the last century are no UTF-8.
      const content = await store.putBytes(Buffer.concat([Buffer.from(entry), changelog.bytes]), session)
      return new Map(tree).set(changelog.path, { ...present, content })
    },
    environmentOf: (wanted, jobs) => environmentOf(environment, { name, version: wanted, jobs }),
  }
}

function commandOf({ command }: PackageDescription, turn: PlanRequest['turn']): readonly string[] {
  switch (command?.kind) {
    case undefined:
      return ['dpkg-buildpackage', '-us', '-uc', turn === 'first' ? '-b' : '-B']
    case 'words':
      return command.words
    case 'script':
      return ['/bin/sh', '-ec', command.text]
    default:
      return command satisfies never
  }
}

/** Beside what the sandbox sets for every program. Nothing of this host is in it but how much may be done at a time. */
function environmentOf(
  environment: ReadonlyMap<string, string>,
  { name, version, jobs }: { readonly name: string; readonly version: string; readonly jobs: number },
): Readonly<Record<string, string>> {
  const options = environment.get('DEB_BUILD_OPTIONS') ?? ''
  const isLimited = /(^|\s)parallel=/.test(options)
  return {
    LOGNAME: 'root',
    TZ: 'UTC',
    USER: 'root',
    ...Object.fromEntries(environment),
    // Debian Policy 4.9.1
    DEB_BUILD_OPTIONS: isLimited ? options : `${options} parallel=${jobs}`.trim(),
    APTROOT_PACKAGE_NAME: name,
    APTROOT_PACKAGE_VERSION: version,
  }
}
