import { access } from 'node:fs/promises'
import type { ForeignProject } from '../interchange/index.ts'
import { Fault, type Session, unreachable } from '../kernel/index.ts'
import type { ArchiveText, BaseSet, NewManifest } from '../manifest/index.ts'
import { archiveIdFor } from './archive-id.ts'
import type { Project } from './project.ts'
import { type ProjectKey, projectKeyOf, writeProjectKey } from './project-key.ts'
import { type GitAttributes, writeGitAttributes } from './set-up-git.ts'
import { replaceTextFile } from './text-file.ts'
import type { World } from './world.ts'

export interface InitRequest {
  readonly project: Project
  readonly source:
    | { readonly kind: 'preset'; readonly suite: string }
    /** The apt configuration below this folder: `/`. */
    | { readonly kind: 'host'; readonly systemFolder: string }
    /** A file of another program; a release where its archives are not to be taken, or it names none. */
    | { readonly kind: 'import'; readonly path: string; readonly suite: string | undefined }
  readonly packages: readonly string[]
  /** undefined: this host's. */
  readonly architectures: readonly string[] | undefined
  /** undefined: what the release proposes. */
  readonly base: BaseSet | undefined
  readonly existing: 'keep' | 'replace'
}

export interface InitResult {
  readonly manifestName: string
  readonly distribution: string | undefined
  readonly archives: readonly { readonly id: string; readonly uri: string; readonly fingerprints: readonly string[] }[]
  readonly architectures: readonly string[]
  readonly base: BaseSet
  readonly packages: readonly string[]
  readonly git: GitAttributes
  /** What kind of file was imported, and the newest snapshot that it names. */
  readonly imported: Pick<ForeignProject, 'format' | 'snapshot'> | undefined
}

/**
 * Writes a first manifest, and the keys it names; inside a git checkout also what `.gitattributes` needs.
 *
 * @throws {Fault} `MANIFEST_EXISTS`, `DISTRIBUTION_UNKNOWN`, `APT_SOURCES_MALFORMED`, `USAGE_INVALID`, `IMPORT_MALFORMED`
 */
export async function initManifest(request: InitRequest, session: Session, world: World): Promise<InitResult> {
  const { project } = request
  if (request.existing === 'keep') await requireAbsent(project)
  const { createManifest, parseWantedItem, readManifest } = await import('../manifest/index.ts')
  const origin = await originOf(request, session)
  const packages = [...origin.packages, ...request.packages].map(item => parseWantedItem(item).text)
  const architectures = architecturesOf({ architectures: request.architectures ?? origin.architectures }, world)
  const manifest: NewManifest = {
    distribution: origin.distribution,
    archives: origin.archives,
    architectures,
    base: request.base ?? origin.base,
    packages: [...new Set(packages)],
    exclude: origin.exclude,
    recommends: { kind: origin.recommends },
  }
  const text = createManifest(manifest)
  const read = await readManifest(text, project.manifestName, world.hostArchitecture)
  for (const { key } of origin.keys) await writeProjectKey(project, key)
  await replaceTextFile(project.manifestPath, text)
  const fingerprints = new Map(origin.keys.map(({ id, key }) => [id, key.fingerprints]))
  return {
    manifestName: project.manifestName,
    distribution: manifest.distribution,
    archives: read.archives.map(({ id, uris }) => ({ id, uri: uris[0], fingerprints: fingerprints.get(id) ?? [] })),
    architectures,
    base: manifest.base,
    packages: manifest.packages,
    git: await writeGitAttributes(project),
    imported: origin.imported,
  }
}

async function requireAbsent({ manifestName, manifestPath }: Project): Promise<void> {
  try {
    await access(manifestPath)
  } catch {
    return
  }
  throw new Fault('MANIFEST_EXISTS', {
    message: `${manifestName} exists already`,
    hint: 'Use `aptroot add NAME…` to extend it, -f to write another manifest, or --force to replace it.',
    context: { manifest: manifestName },
  })
}

function architecturesOf(request: Pick<InitRequest, 'architectures'>, world: World): readonly [string, ...string[]] {
  const [first, ...rest] = request.architectures ?? []
  if (first !== undefined) return [first, ...rest]
  if (world.hostArchitecture !== undefined) return [world.hostArchitecture]
  throw new Fault('USAGE_INVALID', {
    message: "this host's architecture has no name in Debian",
    hint: 'Name one with --architecture amd64.',
  })
}

interface Origin {
  readonly distribution: string | undefined
  readonly archives: readonly ArchiveText[]
  readonly keys: readonly { readonly id: string; readonly key: ProjectKey }[]
  readonly base: BaseSet
  readonly exclude: readonly string[]
  /** Beside those that the command line names. */
  readonly packages: readonly string[]
  /** undefined: nothing is said about them. */
  readonly architectures: readonly string[] | undefined
  readonly recommends: 'follow' | 'skip'
  readonly imported: InitResult['imported']
}

const nothingSaid = { packages: [], architectures: undefined, recommends: 'skip', imported: undefined } as const

async function originOf(request: InitRequest, session: Session): Promise<Origin> {
  const { source } = request
  switch (source.kind) {
    case 'preset': {
      const { presetOf } = await import('../manifest/index.ts')
      const { name, base, exclude } = presetOf(source.suite)
      return { ...nothingSaid, distribution: name, archives: [], keys: [], base, exclude }
    }
    case 'import': {
      const { importProject } = await import('./import-project.ts')
      const { foreign, archives, preset } = await importProject(source.path, source.suite, session)
      const { packages, architectures, recommends, format, snapshot } = foreign
      return {
        distribution: archives.length > 0 ? undefined : preset?.name,
        archives,
        keys: [],
        base: foreign.base ?? preset?.base ?? 'required',
        exclude: preset?.exclude ?? [],
        packages,
        architectures: architectures.length === 0 ? undefined : architectures,
        recommends,
        imported: { format, snapshot },
      }
    }
    case 'host':
      return originOfHost(source.systemFolder, session)
    default:
      return unreachable(source)
  }
}

/** Every enabled source of the host with the keys that apt accepts for it, spelled out: the host's words, not a preset's. */
async function originOfHost(systemFolder: string, session: Session): Promise<Origin> {
  const { distributionKeyringOf, hostKeysOf, readHostAptConfiguration } = await import('../interchange/index.ts')
  const host = await readHostAptConfiguration(systemFolder)
  const warn = (message: string, hint?: string) =>
    session.journal.emit({ kind: 'warned', stage: 'archive', message, ...(hint === undefined ? {} : { hint }) })
  for (const { place, message } of host.notes) warn(`${place.file}:${place.line}: ${message}`)
  const archives: ArchiveText[] = []
  const keys: { id: string; key: ProjectKey }[] = []
  for (const source of host.archives) {
    const named = distributionKeyringOf(source)
    const id = archiveIdFor(
      source,
      // Without `Signed-By` it is signed by a key of trusted.gpg.d, where the distribution's own keys are.
      named !== undefined || source.signedBy === undefined ? 'distribution' : 'vendor',
      archives.map(each => each.id),
    )
    const armor = named === undefined ? await hostKeysOf(source, host) : undefined
    const key = armor === undefined ? undefined : await projectKeyOf(id, armor, `the key of ${id}`)
    if (named === undefined && key === undefined) {
      const place = `${source.place.file}:${source.place.line}`
      warn(`${place}: left out, since this host has no key for it`, 'Add it with `aptroot archive add` and --key.')
      continue
    }
    if (key !== undefined) keys.push({ id, key })
    archives.push({
      id,
      uris: source.uris,
      suites: source.suites,
      components: source.components,
      architectures: source.architectures,
      trust: {
        kind: 'signed-by',
        signedBy: named === undefined ? { kind: 'path', path: key?.path ?? '' } : { kind: 'named', name: named },
      },
      snapshot: undefined,
      maxAgeSeconds: undefined,
      security: source.suites.every(suite => suite.endsWith('-security')),
    })
  }
  if (archives.length === 0)
    throw new Fault('APT_SOURCES_MALFORMED', {
      message: 'the apt configuration of this host has no archive that can be used',
      hint: 'Start from a release instead: `aptroot init --suite bookworm NAME…`.',
      context: { folder: systemFolder },
    })
  return { ...nothingSaid, distribution: undefined, archives, keys, base: 'required', exclude: [] }
}
