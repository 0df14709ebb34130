import { resolve } from 'node:path'
import { isFault, type Session } from '../kernel/index.ts'
import type { Lockfile } from '../lockfile/index.ts'
import type { IgnoredVulnerability } from '../manifest/index.ts'
import { type Audit, auditLock } from '../review/index.ts'
import { placeOfDeb } from './deb-origin.ts'
import { openKeptArchives } from './kept-archives.ts'
import { loadSecurityData } from './load-security-data.ts'
import type { Project } from './project.ts'
import { readProjectLock, readProjectManifest } from './read-project.ts'
import { openSite, type Site } from './site.ts'
import { readTextFile } from './text-file.ts'
import type { World } from './world.ts'

export interface AuditLockRequest {
  readonly project: Project
  readonly site: Site
  /** File or URL of the data. */
  readonly securityData: string
  /** undefined: `aptroot-audit.yaml` beside the manifest, where there is one. */
  readonly ignoreFile: string | undefined
}

const usualIgnoreFile = 'aptroot-audit.yaml'

/**
 * What the data knows about the debs of one lock, and where a fix can be had: as the data says, and the indexes that the store kept.
 *
 * @throws {Fault} as `loadSecurityData`; `LOCK_MISSING` and the like; `MANIFEST_MALFORMED`, `MANIFEST_INVALID`, `MANIFEST_FILE_MISSING` for the ignore file
 */
export async function auditProject(request: AuditLockRequest, session: Session, world: World): Promise<Audit> {
  const { project, site } = request
  const { lock } = await readProjectLock(project)
  const ignored = await readIgnoreFile(request, world)
  const opened = await openSite(site, world)
  const { data, origin } = await loadSecurityData(request.securityData, { ...opened, mode: site.mode }, session, world)
  const listed = await listedVersions({ project, site, lock }, session, world)
  return auditLock({
    lockName: project.lockName,
    lock,
    data,
    origin,
    placeOf: placeOfDeb,
    ignored,
    today: world.clock.now().toISOString().slice(0, 10),
    listed: source => listed.get(source) ?? [],
  })
}

async function readIgnoreFile(
  { project, ignoreFile }: AuditLockRequest,
  { workingFolder }: Pick<World, 'workingFolder'>,
): Promise<readonly IgnoredVulnerability[]> {
  const { readAuditFile } = await import('../manifest/audit-file.ts')
  const path = ignoreFile === undefined ? resolve(project.folder, usualIgnoreFile) : resolve(workingFolder, ignoreFile)
  try {
    return await readAuditFile(await readTextFile(path, 'MANIFEST_FILE_MISSING'), ignoreFile ?? usualIgnoreFile)
  } catch (error) {
    const isAbsent = isFault(error, 'MANIFEST_FILE_MISSING') && error.context.reason === 'ENOENT'
    if (ignoreFile === undefined && isAbsent) return []
    throw error
  }
}

interface SourceVersion {
  readonly suite: string
  readonly version: string
}

/** By source package of the lock; nothing where the store keeps no index that can be read. */
async function listedVersions(
  { project, site, lock }: { readonly project: Project; readonly site: Site; readonly lock: Lockfile },
  session: Session,
  world: World,
): Promise<ReadonlyMap<string, readonly SourceVersion[]>> {
  const found = new Map<string, SourceVersion[]>()
  try {
    const manifest = await readProjectManifest(project, world)
    const archives = await openKeptArchives({ project, site }, manifest, session, world)
    try {
      const { openUniverse } = await import('../archive/index.ts')
      for (const { native, foreign } of manifest.architectures) {
        const universe = openUniverse({
          nativeArchitecture: native,
          foreignArchitectures: foreign,
          indexes: archives.indexes,
        })
        for (const deb of lock.debs)
          for (const { source, listings } of universe.packagesNamed(deb.name)) {
            if (source.name !== deb.sourceName) continue
            const list = found.get(source.name) ?? []
            if (list.length === 0) found.set(source.name, list)
            for (const { archive, suite } of listings)
              if (!list.some(each => each.suite === `${archive}/${suite}` && each.version === source.version))
                list.push({ suite: `${archive}/${suite}`, version: source.version })
          }
      }
    } finally {
      await archives.close()
    }
  } catch (error) {
    session.signal.throwIfAborted()
    if (!isFault(error)) throw error
    session.journal.emit({ kind: 'traced', stage: 'archive', message: `no index is asked for fixes: ${error.message}` })
  }
  return found
}
