import type { EmittedOutput, WantedOutput } from '../image/index.ts'
import { Fault, type Session, sortedByBytes } from '../kernel/index.ts'
import { checkLockfile, debsOfRoot, type LockedDeb, type Lockfile } from '../lockfile/index.ts'
import type { Manifest, OutputFormat, OutputOptions, RootArchitecture } from '../manifest/index.ts'
import type { AssembledRoot, AssembleRequest } from '../rootfs/index.ts'
import type { SandboxBackEnd } from '../sandbox/index.ts'
import { providerSettingsOf } from './archive-addresses.ts'
import { compareBuilds } from './compare-builds.ts'
import { configureHostOf } from './configure-host.ts'
import { confinePath } from './confine-path.ts'
import { customiseImage } from './customise-image.ts'
import {
  checkDocuments,
  type DocumentedRoot,
  projectFilesIn,
  type WantedDocuments,
  writeBills,
  writeProvenance,
} from './describe-build.ts'
import type { Project } from './project.ts'
import { readProjectLock, readProjectManifest, requireFreshLock } from './read-project.ts'
import { openSite, type Site } from './site.ts'
import { timeOf } from './timestamp.ts'
import { nameOfRoot } from './update-lock.ts'
import type { World } from './world.ts'

/** An output given on the command line: it may lie anywhere, since the user typed it and no pull request did. */
export interface TypedOutput {
  readonly format: OutputFormat
  /** Absolute; may hold `{architecture}`. */
  readonly path: string
  /** As the user wrote it. */
  readonly name: string
}

export interface InstallLockRequest {
  readonly project: Project
  readonly site: Site
  /** Roots by name (`amd64`, `amd64+i386`) or by native architecture; undefined: all of the manifest. */
  readonly architectures: readonly string[] | undefined
  /** Instead of the manifest's; undefined: what the manifest says. */
  readonly outputs: readonly TypedOutput[] | undefined
  /** `fetch`: only bring the debs into the store. `digest`: assemble and tell the digest, write no outputs. */
  readonly purpose: 'build' | 'fetch' | 'digest'
  /** 64 hex digits that the tree must have; checked before anything is written. Only for a single root. */
  readonly expectedDigest: string | undefined
  /** What isolates maintainer scripts; undefined: the strongest that works here. */
  readonly sandbox: SandboxBackEnd | undefined
  /** `twice`: build again under other conditions and compare, before anything is written. */
  readonly builds: 'once' | 'twice'
  readonly documents: WantedDocuments
  /** Gets each root, with how it was assembled, before outputs are written. */
  readonly useRoot?: (root: AssembledRoot, assembly: AssembleRequest) => Promise<void>
}

export interface InstalledRoot {
  readonly architecture: string
  readonly debs: number
  /** Identity of the sealed tree; undefined when only fetching. */
  readonly digest: string | undefined
  readonly outputs: readonly EmittedOutput[]
  /** Names of the bills of materials. */
  readonly bills: readonly string[]
}

export interface InstallLockResult {
  readonly lockName: string
  readonly reusedDebs: number
  readonly fetchedDebs: number
  readonly fetchedBytes: number
  readonly roots: readonly InstalledRoot[]
  /** Name of the file, where it was wanted. */
  readonly provenance: string | undefined
}

/**
 * Replays a lockfile: fetches and verifies exactly its debs, merges them as dpkg would, seals the tree and writes the
 * outputs. Never resolves, and never touches this host.
 *
 * @throws {Fault} `LOCK_STALE` when the manifest asks for something else than the lock answers, `LOCK_INCONSISTENT`,
 *   `LOCK_DIFFERS` when the digest is not the expected one, and everything of fetching, assembling and emitting
 */
export async function installLock(
  request: InstallLockRequest,
  session: Session,
  world: World,
): Promise<InstallLockResult> {
  const { project, site } = request
  const manifest = await readProjectManifest(project, world)
  const { lock, text } = await readProjectLock(project)
  requireFreshLock(project, manifest, lock)
  requireConsistentLock(project, lock, text)
  const roots = chosenRoots(manifest, request.architectures)
  if (request.expectedDigest !== undefined && roots.length !== 1)
    throw new Fault('USAGE_INVALID', {
      message: `one expected digest cannot fit ${roots.length} roots`,
      hint: `Choose one with --architecture: ${roots.map(nameOfRoot).join(', ')}.`,
    })
  checkDocuments(request.documents, roots.map(nameOfRoot))
  // Every path is judged before the first byte is fetched: a manifest that leads outside must not cost a download.
  const outputs = await Promise.all(roots.map(root => outputsOf(request, manifest, root)))
  refuseSharedOutputs(roots.flatMap((root, at) => (outputs[at] ?? []).map(output => ({ root, output }))))
  const overlays = await Promise.all(
    manifest.image.files.map(async ({ source, target }) => ({ source: await confinePath(project, source), target })),
  )
  const customisation = await customiseImage(project, manifest, session)

  const { store, transfer } = await openSite(site, world)
  const { fetchDebs } = await import('../fetch/index.ts')
  const debsByRoot = roots.map(root => debsOfRoot(lock, nameOfRoot(root)))
  const fetched = await fetchDebs(
    debsByRoot.flat(),
    {
      ...providerSettingsOf(manifest, { project, site }),
      store,
      transfer,
      mode: site.mode,
    },
    session,
  )
  if (request.purpose === 'fetch')
    return {
      lockName: project.lockName,
      ...fetched,
      roots: roots.map((root, at) => ({
        architecture: nameOfRoot(root),
        debs: debsByRoot[at]?.length ?? 0,
        digest: undefined,
        outputs: [],
        bills: [],
      })),
      provenance: undefined,
    }

  const { assembleRoot } = await import('../rootfs/index.ts')
  const { emitOutputs, finishOutputs } = await import('../image/index.ts')
  const sourceDateEpochSeconds = manifest.image.sourceDateEpochSeconds ?? newestSeconds(lock.debs)
  const installed: InstalledRoot[] = []
  const documented: DocumentedRoot[] = []
  for (const [at, root] of roots.entries()) {
    session.signal.throwIfAborted()
    const debs = debsByRoot[at] ?? []
    const assembly: AssembleRequest = {
      debs,
      nativeArchitecture: root.native,
      foreignArchitectures: root.foreign,
      image: manifest.image,
      files: overlays,
      customisation,
      sourceDateEpochSeconds,
      automatic: automaticIn(debs, root.native),
      store,
      host: configureHostOf(world, request.sandbox),
      reuse: request.builds === 'twice' ? 'fresh' : 'stored',
    }
    const assembled = await assembleRoot(assembly, session)
    try {
      for (const warning of assembled.warnings) session.journal.emit({ kind: 'warned', stage: 'assemble', ...warning })
      if (request.builds === 'twice') await compareBuilds(assembly, assembled, session)
      requireDigest(project, assembled.digest, request.expectedDigest)
      await request.useRoot?.(assembled, assembly)
      const emitted =
        request.purpose === 'digest'
          ? []
          : await emitOutputs(
              {
                root: assembled,
                facts: { digest: assembled.digest, architecture: root.native, sourceDateEpochSeconds },
                outputs: outputs[at] ?? [],
                ownership: process.getuid?.() === 0 ? 'tree' : 'caller',
                runner: world.processRunner,
              },
              session,
            )
      const architecture = nameOfRoot(root)
      const { digest } = assembled
      const bills = await writeBills(
        request.documents.bills,
        { project, lock, root: architecture, assembled },
        { session, world },
      )
      installed.push({ architecture, debs: debs.length, digest, outputs: emitted, bills })
      documented.push({ architecture, digest, outputs: emitted, projectFiles: await projectFilesIn(assembled) })
    } finally {
      await assembled.close()
    }
  }
  await finishOutputs(
    installed.flatMap(root => root.outputs),
    session,
  )
  const { provenance } = request.documents
  if (provenance !== undefined)
    await writeProvenance(
      provenance,
      { project, lock, lockText: text, sourceDateEpochSeconds, roots: documented },
      { session, world },
    )
  return { lockName: project.lockName, ...fetched, roots: installed, provenance: provenance?.name }
}

function chosenRoots(manifest: Manifest, names: readonly string[] | undefined): readonly RootArchitecture[] {
  if (names === undefined) return manifest.architectures
  return names.map(name => {
    const root = manifest.architectures.find(each => nameOfRoot(each) === name || each.native === name)
    if (root === undefined)
      throw new Fault('USAGE_INVALID', {
        message: `${manifest.fileName} has no root ${JSON.stringify(name)}`,
        hint: `Its architectures are ${manifest.architectures.map(nameOfRoot).join(', ')}.`,
        context: { architecture: name },
      })
    return root
  })
}

/** Where there is no `outputs:`, one tar for each root. */
const defaultOutput = { format: 'tar', path: 'out/{architecture}/rootfs.tar' } as const

async function outputsOf(
  request: InstallLockRequest,
  manifest: Manifest,
  root: RootArchitecture,
): Promise<readonly WantedOutput[]> {
  if (request.purpose !== 'build') return []
  const filled = (text: string): string => text.replaceAll('{architecture}', nameOfRoot(root))
  if (request.outputs !== undefined) {
    const { defaultOptions } = await import('../manifest/index.ts')
    return request.outputs.map(({ format, path, name }) => ({
      ...filledOptions(defaultOptions(format), filled),
      path: filled(path),
      name: filled(name),
    }))
  }
  const wanted = manifest.image.outputs.length === 0 ? [defaultOutput] : manifest.image.outputs
  return await Promise.all(
    wanted.map(async ({ path, ...options }) => ({
      ...filledOptions(options, filled),
      path: await confinePath(request.project, filled(path)),
      name: filled(path),
    })),
  )
}

function filledOptions(options: OutputOptions, filled: (text: string) => string): OutputOptions {
  return options.format === 'ostree' ? { ...options, reference: filled(options.reference) } : options
}

/** Roots may share an OCI layout, which has an image for each architecture, and an ostree repository, which has branches. */
function refuseSharedOutputs(
  outputs: readonly { readonly root: RootArchitecture; readonly output: WantedOutput }[],
): void {
  const seen = new Map<string, string>()
  for (const { root, output } of outputs) {
    const part = output.format === 'oci' ? root.native : output.format === 'ostree' ? output.reference : ''
    const kind = part === '' ? '' : output.format
    const place = `${kind}\0${part}\0${output.path}`
    const other = seen.get(output.path)
    if (seen.has(place) || (other !== undefined && (other !== kind || kind === '')))
      throw new Fault('MANIFEST_INVALID', {
        message: `two outputs would be written to ${JSON.stringify(output.name)}`,
        hint: 'Put {architecture} into the path, or give each output a path of its own.',
        context: { path: output.name },
      })
    seen.set(place, kind).set(output.path, kind)
  }
}

/** Form is a matter of `lock check`; here only what would assemble something else than was resolved counts. */
function requireConsistentLock(project: Project, lock: Lockfile, text: string): void {
  const problems = checkLockfile(lock, text, new Map()).filter(({ kind }) => kind !== 'form' && kind !== 'wanted')
  const [first] = problems
  if (first === undefined) return
  throw new Fault('LOCK_INCONSISTENT', {
    message: `${project.lockName}: ${first.message}${problems.length > 1 ? ` and ${problems.length - 1} more` : ''}`,
    hint: 'Take the file from version control, or write it anew with `aptroot lock update`.',
    context: { lock: project.lockName, problems: problems.map(problem => problem.message) },
  })
}

function requireDigest(project: Project, found: string, wanted: string | undefined): void {
  if (wanted === undefined || found === wanted) return
  throw new Fault('LOCK_DIFFERS', {
    message: `${project.lockName} gives a tree with digest ${found}, but ${wanted} was expected`,
    hint: 'Lock, image section and overlay files decide the digest: compare them with those of the expected build.',
    context: { found, wanted },
  })
}

/** What was locked as a dependency only. apt marks `all` packages under the native architecture. */
function automaticIn(debs: readonly LockedDeb[], native: string): readonly string[] {
  return sortedByBytes(
    debs
      .filter(deb => deb.root === undefined)
      .map(deb => `${deb.name}:${deb.architecture === 'all' ? native : deb.architecture}`),
  )
}

/** The newest `at`: the youngest state of an archive that the image holds something of. */
function newestSeconds(debs: readonly LockedDeb[]): number {
  const newest = debs.reduce((latest, deb) => (deb.at > latest ? deb.at : latest), '19700101T000000Z')
  return timeOf(newest).getTime() / 1000
}
