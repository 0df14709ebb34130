import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { AptSource } from '../interchange/index.ts'
import { Fault, isFault, redacted, unreachable } from '../kernel/index.ts'
import type { ArchiveText, KeyringName } from '../manifest/index.ts'
import { archiveIdFor } from './archive-id.ts'
import { type KeyDownload, requireKeyOf, sourceOfPreset } from './archive-preset.ts'
import type { Project } from './project.ts'
import { keyPathOf, type ProjectKey, projectKeyOf, writeProjectKey } from './project-key.ts'
import { readTextFile, replaceTextFile } from './text-file.ts'
import type { World } from './world.ts'

export interface AddArchiveRequest {
  readonly project: Project
  readonly source: /** `deb [signed-by=…] URI SUITE COMPONENT…` */
    | { readonly kind: 'line'; readonly text: string }
    /** A .list or .sources file, absolute. */
    | { readonly kind: 'file'; readonly path: string }
    /** `docker`, `pgdg`, `ppa:USER/NAME`: for the manifest's distribution. */
    | { readonly kind: 'preset'; readonly name: string; readonly download: KeyDownload }
  /** Only for a single archive; undefined: made from the address. */
  readonly id: string | undefined
  /** Absolute path of a public key, armored or binary; undefined: what the source names. */
  readonly keyPath: string | undefined
  /** `/`: where key rings that a source names are looked for. */
  readonly systemFolder: string
}

/** What would be added, to be shown before it is trusted. */
export interface PlannedArchive {
  readonly archive: ArchiveText
  /** Primary fingerprints that the manifest will trust for it. */
  readonly fingerprints: readonly string[]
  /** The file that will be written; undefined for a key ring that ships with aptroot. */
  readonly key: ProjectKey | undefined
}

/**
 * Reads sources and keys, and asks for the key of a preset; writes nothing.
 *
 * @throws {Fault} `APT_SOURCES_MALFORMED`, `KEYRING_MALFORMED`, `USAGE_INVALID` when no key is known; of a preset `FETCH_INTEGRITY` for
 *   another key, and as its download
 */
export async function planArchives(
  request: AddArchiveRequest,
  world: Pick<World, 'hostArchitecture'>,
): Promise<readonly PlannedArchive[]> {
  const { readManifest, vendorPresetOf } = await import('../manifest/index.ts')
  const text = await readTextFile(request.project.manifestPath, 'MANIFEST_MISSING')
  const manifest = await readManifest(text, request.project.manifestName, world.hostArchitecture)
  if (request.source.kind === 'preset') {
    const preset = vendorPresetOf(request.source.name, manifest.distribution)
    const download = request.keyPath === undefined ? request.source.download : undefined
    const source = await sourceOfPreset(preset, download)
    const planned = await planOne(request.id ?? preset.id, { source, named: undefined }, request)
    requireKeyOf(preset, planned.fingerprints)
    return [planned]
  }
  const sources = await sourcesOf(request.source)
  if (request.id !== undefined && sources.length > 1)
    throw new Fault('USAGE_INVALID', {
      message: `--id names one archive, but the file holds ${sources.length}`,
      hint: 'Leave --id out, or add the archives one by one as `deb …` lines.',
    })
  const { distributionKeyringOf } = await import('../interchange/index.ts')
  const taken = manifest.archives.map(archive => archive.id)
  const planned: PlannedArchive[] = []
  for (const source of sources) {
    const named = request.keyPath === undefined ? distributionKeyringOf(source) : undefined
    const owner = named === undefined ? 'vendor' : 'distribution'
    const id = request.id ?? archiveIdFor(source, owner, [...taken, ...planned.map(each => each.archive.id)])
    planned.push(await planOne(id, { source, named }, request))
  }
  return planned
}

/**
 * Appends what was planned to the manifest and writes its keys beside it.
 *
 * @throws {Fault} `MANIFEST_INVALID` when an id is taken or the manifest can only be edited by hand; `OUTPUT_UNWRITABLE`
 */
export async function addPlannedArchives(
  project: Project,
  planned: readonly PlannedArchive[],
  world: Pick<World, 'hostArchitecture'>,
): Promise<void> {
  const { addArchive, readManifest } = await import('../manifest/index.ts')
  let text = await readTextFile(project.manifestPath, 'MANIFEST_MISSING')
  for (const { archive } of planned) text = await addArchive(text, project.manifestName, archive)
  await readManifest(text, project.manifestName, world.hostArchitecture)
  for (const { key } of planned) if (key !== undefined) await writeProjectKey(project, key)
  await replaceTextFile(project.manifestPath, text)
}

async function sourcesOf(
  source: Exclude<AddArchiveRequest['source'], { readonly kind: 'preset' }>,
): Promise<readonly AptSource[]> {
  const { mergeSources, parseSourceLine, parseSourcesList, parseSourcesStanzas } = await import(
    '../interchange/index.ts'
  )
  switch (source.kind) {
    case 'line':
      return [parseSourceLine(source.text, 'the given line')]
    case 'file': {
      const name = basename(source.path)
      const text = await readTextFile(source.path, 'MANIFEST_FILE_MISSING').catch((error: unknown) => {
        if (!isFault(error, 'MANIFEST_FILE_MISSING')) throw error
        throw new Fault(error.code, {
          message: error.message,
          hint: 'Name a .list or .sources file of apt, a whole `deb …` line in quotes, or docker, pgdg or ppa:USER/NAME.',
          context: error.context,
        })
      })
      const { sources } = name.endsWith('.list') ? parseSourcesList(text, name) : parseSourcesStanzas(text, name)
      if (sources.length > 0) return mergeSources(sources)
      throw new Fault('APT_SOURCES_MALFORMED', {
        message: `${name}:1: there is no enabled \`deb\` entry in it`,
        hint: 'Name a .list or .sources file of apt, or give the `deb …` line itself in quotes.',
        context: { file: name },
      })
    }
    default:
      return unreachable(source)
  }
}

async function planOne(
  id: string,
  { source, named }: { readonly source: AptSource; readonly named: KeyringName | undefined },
  request: AddArchiveRequest,
): Promise<PlannedArchive> {
  const { keyringArmorOf } = await import('../manifest/index.ts')
  if (named !== undefined) {
    const { fingerprints } = await projectKeyOf(id, keyringArmorOf(named) ?? '', named)
    return { archive: archiveOf(id, source, { kind: 'named', name: named }), fingerprints, key: undefined }
  }
  const armor = await armorOf(source, request)
  const key = await projectKeyOf(
    id,
    armor,
    request.keyPath === undefined ? `the key of ${id}` : basename(request.keyPath),
  )
  return { archive: archiveOf(id, source, { kind: 'path', path: keyPathOf(id) }), fingerprints: key.fingerprints, key }
}

function archiveOf(
  id: string,
  source: AptSource,
  signedBy: Extract<ArchiveText['trust'], { readonly kind: 'signed-by' }>['signedBy'],
): ArchiveText {
  return {
    id,
    uris: source.uris,
    suites: source.suites,
    components: source.components,
    architectures: source.architectures,
    trust: { kind: 'signed-by', signedBy },
    snapshot: undefined,
    maxAgeSeconds: undefined,
    security: source.suites.every(suite => suite.endsWith('-security')),
  }
}

/** The key the user named, else the one the source names. The host's globally trusted keys are never taken unasked. */
async function armorOf(source: AptSource, request: AddArchiveRequest): Promise<string> {
  const { hostKeysOf } = await import('../interchange/index.ts')
  const paths =
    request.keyPath !== undefined
      ? [request.keyPath]
      : source.signedBy?.kind === 'key-rings'
        ? source.signedBy.paths
        : []
  const folder = request.keyPath === undefined ? request.systemFolder : ''
  const keyRings = await Promise.all(
    paths.map(async path => ({
      path,
      bytes: await keyBytes(join(folder, path)),
      trustedFor: 'those-that-name-it' as const,
    })),
  )
  const signedBy =
    request.keyPath === undefined ? source.signedBy : ({ kind: 'key-rings', paths, fingerprints: [] } as const)
  const armor = signedBy === undefined ? undefined : await hostKeysOf({ signedBy }, { keyRings })
  if (armor !== undefined) return armor
  throw new Fault('USAGE_INVALID', {
    message: `no key is named for ${redacted(source.uris[0])}`,
    hint: "Get the archive's public key over a channel that you trust, and name the file with --key.",
    context: { uri: redacted(source.uris[0]) },
  })
}

/** No archive's keys are near this. */
const maximumKeyBytes = 8 * 1024 * 1024

async function keyBytes(path: string): Promise<Uint8Array> {
  try {
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      if (size > maximumKeyBytes) throw new Error(`has ${size} bytes`)
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new Fault('KEYRING_MALFORMED', {
      message: `the key ${basename(path)} cannot be read: ${reason}`,
      hint: 'Name a file with the public key of the archive with --key.',
      context: { file: basename(path), reason },
      cause: error,
    })
  }
}
