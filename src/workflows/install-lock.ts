import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { EmittedOutput } from '../image/index.ts'
import { Fault, type Journal, type JournalEvent, type Session } from '../kernel/index.ts'
import type { Manifest } from '../manifest/index.ts'
import type { AssembledRoot, AssembleRequest } from '../rootfs/index.ts'
import type { UnpackWorkers } from '../rootfs/unpack-workers.ts'
import type { SandboxBackEnd } from '../sandbox/index.ts'
import type { FileThread } from '../store/index.ts'
import type { RecordedDeb } from './bind-own-debs.ts'
import { bringDebs } from './bring-debs.ts'
import { configureHostOf } from './configure-host.ts'
import {
  checkDocuments,
  type DocumentedRoot,
  placesOfDocuments,
  projectFilesIn,
  type WantedDocuments,
  writeBills,
  writeProvenance,
} from './describe-build.ts'
import { findInstalled, installedObject, keepInstalled } from './installed-record.ts'
import { reportMovedIds } from './moved-ids.ts'
import { refuseProjectPlaces } from './output-places.ts'
import { openRoots, planRoots } from './plan-roots.ts'
import type { Project } from './project.ts'
import { openStore, type Site } from './site.ts'
import { nameOfRoot } from './update-lock.ts'
import { outputsOf, refuseSharedOutputs, type TypedOutput } from './wanted-outputs.ts'
import type { World } from './world.ts'

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
  /** Own debs that are locked by their relations, with the bytes that they had in this run; absent where there are none. */
  readonly ownDebs?: readonly RecordedDeb[]
  readonly roots: readonly InstalledRoot[]
  /** `unchanged`: everything that went in, and every output, is as an earlier run left it, so nothing was done. */
  readonly outcome: 'built' | 'unchanged' | 'fetched'
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
  const helpers: Helper[] = []
  try {
    return await install(request, { session, world, helpers })
  } finally {
    for (const each of helpers) await each.close()
  }
}

/** Threads and processes that work for this one. */
type Helper = Pick<UnpackWorkers, 'close'>

/** @param place.helpers gets those that have to be closed */
async function install(
  request: InstallLockRequest,
  { session, world, helpers }: { readonly session: Session; readonly world: World; readonly helpers: Helper[] },
): Promise<InstallLockResult> {
  const { project, site } = request
  const opened = await openRoots(project, request.architectures, world)
  const { manifest, lockText: text, roots } = opened
  if (request.expectedDigest !== undefined && roots.length !== 1)
    throw new Fault('USAGE_INVALID', {
      message: `one expected digest cannot fit ${roots.length} roots`,
      hint: `Choose one with --architecture: ${roots.map(nameOfRoot).join(', ')}.`,
    })
  checkDocuments(request.documents, roots.map(nameOfRoot))
  const warnings: JournalEvent[] = []
  const building = { signal: session.signal, journal: collecting(session, warnings) }
  // Every path is judged before the first byte is fetched: a manifest that leads outside must not cost a download.
  const outputs = await Promise.all(roots.map(root => outputsOf(request, manifest, root)))
  const documents = placesOfDocuments(request.documents, roots.map(nameOfRoot))
  refuseSharedOutputs(
    roots.flatMap((root, at) => (outputs[at] ?? []).map(output => ({ root, output }))),
    documents,
  )
  await refuseProjectPlaces(project, manifest, [...outputs.flat(), ...documents])
  const { lock, recorded, sourceDateEpochSeconds, roots: planned } = await planRoots(opened, site, building)
  const ownDebs = recorded.length === 0 ? {} : { ownDebs: recorded }
  const debsByRoot = planned.map(({ debs }) => debs)
  const inputs = planned.map(({ name, assembly }, at) => ({ name, outputs: outputs[at] ?? [], assembly }))
  const store = openStore(site, world)
  const ownership = process.getuid?.() === 0 ? 'tree' : 'caller'
  const record = canBeRemembered(request)
    ? await installedObject({ roots: inputs, sandbox: request.sandbox, ownership }, store, { session, world })
    : undefined
  const known = record === undefined ? undefined : await findInstalled(record, store)
  if (known !== undefined) {
    for (const { digest } of known.roots) requireDigest(project, digest ?? '', request.expectedDigest)
    for (const warning of known.warnings) session.journal.emit(warning)
    const counts = {
      reusedDebs: new Set(debsByRoot.flat().map(deb => deb.sha256)).size,
      fetchedDebs: 0,
      fetchedBytes: 0,
    }
    return {
      lockName: project.lockName,
      ...counts,
      ...ownDebs,
      roots: known.roots,
      outcome: 'unchanged',
      provenance: undefined,
    }
  }

  const launcher = world.processRunner.openLauncher?.(world.temporaryFolder)
  if (launcher !== undefined) helpers.push(launcher)
  const { fetched, unpacking } = await bringDebs(
    {
      ...{ project, site, manifest, debs: debsByRoot.flat(), store },
      wanted: request.purpose === 'fetch' ? 'debs' : 'packs',
      ...(manifest.image.configure === 'scripts' ? { beforeThreads: () => launcher?.start() } : {}),
    },
    session,
    world,
  )
  if (unpacking !== undefined) helpers.push(unpacking)
  if (request.purpose === 'fetch')
    return {
      lockName: project.lockName,
      ...fetched,
      ...ownDebs,
      roots: roots.map((root, at) => ({
        architecture: nameOfRoot(root),
        debs: debsByRoot[at]?.length ?? 0,
        digest: undefined,
        outputs: [],
        bills: [],
      })),
      outcome: 'fetched',
      provenance: undefined,
    }

  // While debs are taken apart, threads for that take the processors, and the memory.
  const fileThread =
    unpacking === undefined ? await threadFor(outputs.flat(), manifest.image.configure, world) : undefined
  if (fileThread !== undefined) helpers.push(fileThread)
  const { assembleRoot } = await import('../rootfs/index.ts')
  const { emitOutputs, finishOutputs } = await import('../image/index.ts')
  const installed: InstalledRoot[] = []
  const documented: DocumentedRoot[] = []
  for (const { name: architecture, outputs, assembly: plain } of inputs) {
    session.signal.throwIfAborted()
    const assembly: AssembleRequest = {
      ...plain,
      store,
      host: configureHostOf(world, request.sandbox, launcher),
      reuse: request.builds === 'twice' ? 'fresh' : 'stored',
    }
    const alone = unpacking === undefined ? assembly : { ...assembly, unpacking }
    const assembled = await assembleRoot({ ...alone, fileThread }, building)
    try {
      for (const warning of assembled.warnings) building.journal.emit({ kind: 'warned', stage: 'assemble', ...warning })
      if (request.builds === 'twice') {
        const { compareBuilds } = await import('./compare-builds.ts')
        await compareBuilds(assembly, assembled, session)
      }
      requireDigest(project, assembled.digest, request.expectedDigest)
      if (manifest.image.configure === 'scripts')
        await reportMovedIds(
          { ...project, architecture, root: assembled, customisation: plain.customisation },
          store,
          session,
        )
      await request.useRoot?.(assembled, assembly)
      const emitted =
        request.purpose === 'digest'
          ? []
          : await emitOutputs(
              {
                root: assembled,
                facts: { digest: assembled.digest, architecture: plain.nativeArchitecture, sourceDateEpochSeconds },
                outputs,
                ownership,
                runner: world.processRunner,
                store,
                fileThread,
              },
              building,
            )
      const { digest } = assembled
      const bills = await writeBills(
        request.documents.bills,
        { project, lock, root: architecture, assembled },
        { session, world },
      )
      installed.push({ architecture, debs: plain.debs.length, digest, outputs: emitted, bills })
      documented.push({ architecture, digest, outputs: emitted, projectFiles: await projectFilesIn(assembled) })
    } finally {
      await assembled.close()
    }
  }
  await finishOutputs(
    installed.flatMap(root => root.outputs),
    session,
  )
  if (record !== undefined) await keepInstalled(record, { roots: installed, warnings }, { store, world, session })
  const { provenance } = request.documents
  if (provenance !== undefined)
    await writeProvenance(
      provenance,
      { project, lock, lockText: text, sourceDateEpochSeconds, roots: documented },
      { session, world },
    )
  return {
    lockName: project.lockName,
    ...fetched,
    ...ownDebs,
    roots: installed,
    outcome: 'built',
    provenance: provenance?.name,
  }
}

/** It begins while the packs are read, and is there when files are written. */
async function threadFor(
  outputs: readonly TypedOutput[],
  configure: Manifest['image']['configure'],
  { packageFolder }: World,
): Promise<FileThread | undefined> {
  if (availableParallelism() === 1) return undefined
  if (configure === 'none' && !outputs.some(({ format }) => format === 'tar')) return undefined
  const { startFileThread } = await import('../store/file-thread.ts')
  return startFileThread(join(packageFolder, 'dist/workers/file-work.js'))
}

/** Documents, another build to compare with, and whoever wants the root itself are not to be had from a record. */
function canBeRemembered({ purpose, builds, documents, useRoot }: InstallLockRequest): boolean {
  const plain = documents.bills.length === 0 && documents.provenance === undefined && useRoot === undefined
  return purpose === 'build' && builds === 'once' && plain
}

/** Passes everything on, and keeps the warnings: they hold for the next run too. */
function collecting({ journal }: Session, warnings: JournalEvent[]): Journal {
  return {
    emit: event => {
      if (event.kind === 'warned') warnings.push(event)
      journal.emit(event)
    },
  }
}

function requireDigest(project: Project, found: string, wanted: string | undefined): void {
  if (wanted === undefined || found === wanted) return
  throw new Fault('LOCK_DIFFERS', {
    message: `${project.lockName} gives a tree with digest ${found}, but ${wanted} was expected`,
    hint: 'Lock, image section and overlay files decide the digest: compare them with those of the expected build.',
    context: { found, wanted },
  })
}
