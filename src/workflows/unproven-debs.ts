import type { Session } from '../kernel/index.ts'
import { debKey, type LockDifference, type LockedDeb, ownDebsOrigin } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import type { TrustFinding } from '../review/index.ts'
import type { Project } from './project.ts'
import { openSite, type Site } from './site.ts'
import type { World } from './world.ts'

export interface UnprovenRequest {
  readonly project: Project
  readonly site: Site
  readonly difference: LockDifference
  /** Of the newer side: whose signatures count. */
  readonly manifest: Manifest | undefined
}

/**
 * The debs that a change brings in and that no index under a trusted signature lists: by kept evidence, vendor folders and, unless the site is offline, the
 * archive as it is now and its snapshots.
 */
export async function unprovenFindings(
  { project, site, difference, manifest }: UnprovenRequest,
  session: Session,
  world: World,
): Promise<readonly TrustFinding[]> {
  const debs = newDebs(difference)
  if (debs.length === 0) return []
  if (manifest === undefined) return debs.map(deb => finding(deb, 'no manifest says whose signature counts'))
  const { findOrigins } = await import('./find-origins.ts')
  const opened = await openSite(site, world)
  const place = { manifest, project, site, ...opened, now: world.clock.now() }
  const origins = await findOrigins({ ...place, debs, trust: 'signed' }, session)
  try {
    return debs
      .filter(deb => !origins.proofs.has(deb))
      .map(deb => finding(deb, `no signed index at hand of ${deb.from} lists its sha256`))
  } finally {
    await origins.close()
  }
}

/** Own debs lie beside the lock that pins them; what stayed was reviewed before. */
function newDebs({ sources }: LockDifference): readonly LockedDeb[] {
  return sources.flatMap(({ debs }) =>
    debs.flatMap(change => {
      if (change.kind === 'removed' || change.after.from === ownDebsOrigin) return []
      const isSame = change.kind !== 'added' && change.before.sha256 === change.after.sha256
      return isSame ? [] : [change.after]
    }),
  )
}

function finding(deb: LockedDeb, why: string): TrustFinding {
  return { kind: 'unproven', change: 'changed', subject: debKey(deb), detail: `${deb.version}: ${why}` }
}
