import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import type { SuiteEvidence } from '../archive/index.ts'
import type { DescribedDeb } from '../interchange/index.ts'
import type { Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { Store } from '../store/index.ts'
import { providerSettingsOf } from './archive-addresses.ts'
import { bindOwnDebs } from './bind-own-debs.ts'
import { findOrigins } from './find-origins.ts'
import { vendoredBase } from './origin-sources.ts'
import type { Project } from './project.ts'
import { readProjectLock, readProjectManifest, requireFreshLock } from './read-project.ts'
import { openSite, type Site } from './site.ts'
import { timeOf } from './timestamp.ts'
import { VendorFolder } from './vendor-folder.ts'
import type { World } from './world.ts'

export interface VendorLockRequest {
  readonly projects: readonly Project[]
  readonly siteOf: (project: Project) => Promise<Site>
  /** Absolute. */
  readonly folder: string
  /** As the user wrote it. */
  readonly folderName: string
  /** `remove`: what earlier runs wrote and these locks do not need goes. */
  readonly rest: 'keep' | 'remove'
}

export interface VendorLockResult {
  readonly folder: string
  readonly debs: number
  readonly sizeBytes: number
  /** Files that were not there yet, indexes and evidence included. */
  readonly writtenFiles: number
  readonly removedFiles: number
  /** Debs whose hash no signed index at hand lists: the folder builds, but proves nothing about them. */
  readonly unproven: readonly string[]
}

/**
 * Writes the debs of locks into a folder that is an archive: for aptroot (`--vendor`), and for apt, either as a flat repository of
 * exactly these debs or, with the signed Release that was kept, as a part of the archive itself.
 *
 * @throws {Fault} as `lock install` for reading and fetching; `OUTPUT_UNWRITABLE`, `DISK_FULL`
 */
export async function vendorLock(
  request: VendorLockRequest,
  session: Session,
  world: World,
): Promise<VendorLockResult> {
  const folder = new VendorFolder(request.folder, request.folderName)
  const debs = new Map<string, LockedDeb>()
  const unproven: string[] = []
  let written = 0
  const put = async (file: Parameters<VendorFolder['put']>[0]) => {
    session.signal.throwIfAborted()
    if ((await folder.put(file)) === 'written') written += 1
  }
  let store: Store | undefined
  for (const project of request.projects) {
    const found = await gather(project, request, session, world)
    store = found.store
    for (const deb of found.debs) {
      const path = found.pathOf(deb)
      if (debs.has(path)) continue
      debs.set(path, deb)
      await put({ path, ...deb, content: () => found.store.stream(deb) })
    }
    for (const each of placesOf(found.evidence, request.folder))
      for (const file of await evidenceFiles(each, found.store)) await put(file)
    unproven.push(...found.unproven)
  }
  if (store !== undefined) for (const file of await flatIndex(debs, store)) await put(file)
  const removedFiles = await folder.finish(request.rest)
  const sizes = [...debs.values()].map(deb => deb.sizeBytes)
  return {
    folder: request.folderName,
    debs: debs.size,
    sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
    writtenFiles: written,
    removedFiles,
    unproven,
  }
}

interface Gathered {
  readonly debs: readonly LockedDeb[]
  readonly store: Store
  readonly evidence: readonly SuiteEvidence[]
  readonly unproven: readonly string[]
  pathOf(deb: LockedDeb): string
}

/** The debs in the store, and what vouches for them. */
async function gather(project: Project, request: VendorLockRequest, session: Session, world: World): Promise<Gathered> {
  const manifest = await readProjectManifest(project, world)
  const { lock: locked } = await readProjectLock(project)
  requireFreshLock(project, manifest, locked)
  const site = await request.siteOf(project)
  // What is vendored already need not be fetched anew, and proves what it proved.
  const local: Site = { ...site, vendorFolders: [...site.vendorFolders, request.folder] }
  const { store, transfer } = await openSite(local, world)
  const providers = providerSettingsOf(manifest, { project, site: local })
  const { lock } = await bindOwnDebs(locked, { project, providers }, session)
  const { describePackage } = await import('../debian/index.ts')
  const { fetchDebs } = await import('../fetch/index.ts')
  const { vendoredPath } = await import('../interchange/export/vendored-path.ts')
  await fetchDebs(lock.debs, { ...providers, store, transfer, mode: site.mode }, session)
  const now = world.clock.now()
  const origins = await findOrigins(
    { manifest, project, debs: lock.debs, site: local, store, transfer, now, trust: 'any' },
    session,
  )
  await origins.close()
  return {
    debs: lock.debs,
    store,
    evidence: origins.evidence,
    unproven: lock.debs.filter(deb => !origins.proofs.has(deb)).map(describePackage),
    pathOf: vendoredPath,
  }
}

interface PlacedEvidence {
  readonly evidence: SuiteEvidence
  /** Below the vendor folder; the archive's address, as it were. */
  readonly base: string
}

/** The newest Release of a suite lies where an archive has it; older ones, which alone list some debs, beside it. */
function placesOf(evidence: readonly SuiteEvidence[], folder: string): readonly PlacedEvidence[] {
  const newest = new Map<string, string>()
  for (const { archive, suite, at } of evidence) {
    const key = `${archive} ${suite}`
    if (at > (newest.get(key) ?? '')) newest.set(key, at)
  }
  return evidence.map(each => {
    const isNewest = newest.get(`${each.archive} ${each.suite}`) === each.at
    const base = vendoredBase(folder, each.archive, isNewest ? undefined : each.at)
    return { evidence: each, base: relative(folder, base) }
  })
}

type FileOfFolder = Parameters<VendorFolder['put']>[0]

/** Indexes first: whoever finds the Release finds what it lists. By hash, and by name for readers that ask so. */
async function evidenceFiles({ evidence, base }: PlacedEvidence, store: Store): Promise<readonly FileOfFolder[]> {
  const files: FileOfFolder[] = []
  const below = [base, evidence.folder].filter(part => part !== '').join('/')
  for (const forms of evidence.indexes)
    for (const form of forms) {
      if (form.sizeBytes === 0 || !(await store.has(form))) continue
      const place = form.path.slice(0, form.path.lastIndexOf('/') + 1)
      for (const path of [`${place}by-hash/SHA256/${form.sha256}`, form.path])
        files.push({ ...form, path: `${below}/${path}`, content: () => store.stream(form) })
    }
  for (const [name, bytes] of evidence.releaseFiles) files.push(fileOf(`${below}/${name}`, bytes))
  return files
}

/** `Packages` and `Release` of the folder itself: exactly the vendored debs, of all architectures. */
async function flatIndex(debs: ReadonlyMap<string, LockedDeb>, store: Store): Promise<readonly FileOfFolder[]> {
  const { readDebControl } = await import('../deb/index.ts')
  const { formatPackagesFile } = await import('../interchange/export/packages-file.ts')
  const { compareBytes, sortedByBytes } = await import('../kernel/index.ts')
  const { compareDebs } = await import('../lockfile/sources.ts')
  const sorted = [...debs].sort(([a, left], [b, right]) => compareDebs(left, right) || compareBytes(a, b))
  const described: DescribedDeb[] = []
  for (const [name, deb] of sorted) {
    const { control } = await readDebControl(store.stream(deb), { name })
    described.push({ deb, control })
  }
  const packages = fileOf('Packages', formatPackagesFile(described))
  const newest = sortedByBytes([...debs.values()].map(deb => deb.at)).at(-1)
  const architectures = sortedByBytes(new Set([...debs.values()].map(deb => deb.architecture)))
  // Of the lock, not of the clock: the same locks give the same folder.
  const date = newest === undefined ? new Date(0) : timeOf(newest)
  const lines = [
    'Label: vendored by aptroot',
    `Date: ${date.toUTCString().replace('GMT', 'UTC')}`,
    `Architectures: ${architectures.join(' ')}`,
    'SHA256:',
    ` ${packages.sha256} ${packages.sizeBytes} Packages`,
  ]
  return [packages, fileOf('Release', Buffer.from(`${lines.join('\n')}\n`))]
}

function fileOf(path: string, bytes: Uint8Array): FileOfFolder {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { path, sha256, sizeBytes: bytes.length, content: () => [bytes] }
}
