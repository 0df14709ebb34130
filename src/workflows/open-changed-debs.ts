import type { Session } from '../kernel/index.ts'
import { type DebChange, debKey, type LockDifference, type LockedDeb } from '../lockfile/index.ts'
import type { DebContents, DeepReview } from '../review/index.ts'
import { Store } from '../store/index.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

/**
 * Opens the changed debs that the store has, both sides of each change. Nothing is fetched: a review must not download what it judges
 * without being asked; what is not there is named.
 *
 * @throws {Fault} as `unpackDeb`: a deb that is not what its lock says is no review's business any more
 */
export async function openChangedDebs(
  difference: LockDifference,
  site: Site,
  session: Session,
  world: Pick<World, 'clock'>,
): Promise<DeepReview> {
  const { unpackDeb } = await import('../rootfs/unpack-deb.ts')
  const { debContents } = await import('../review/index.ts')
  const store = new Store({ folder: site.storeFolder, clock: world.clock })
  const contents: DebContents[] = []
  const unopened = new Set<string>()
  const unopenedRemoved: string[] = []
  const open = async (deb: LockedDeb | undefined) => {
    if (deb === undefined) return undefined
    // Of a deb that is locked by its relations the lock does not say which bytes it had.
    return deb.relations === undefined && (await store.has(deb))
      ? (await unpackDeb(deb, store, session)).deb
      : undefined
  }
  for (const { source, debs } of difference.sources)
    for (const change of debs) {
      const { before, after } = sidesOf(change)
      if (before?.sha256 === after?.sha256) continue
      session.signal.throwIfAborted()
      const [had, has] = [await open(before), await open(after)]
      const key = debKey(change.kind === 'removed' ? change.before : change.after)
      if (before !== undefined && had === undefined) {
        if (after === undefined) unopenedRemoved.push(`${key} ${before.version}`)
        else unopened.add(`${key} ${before.version}`)
      }
      if (after !== undefined && has === undefined) unopened.add(`${key} ${after.version}`)
      const isWhole = (before === undefined) === (had === undefined) && (after === undefined) === (has === undefined)
      if (isWhole) contents.push(debContents({ key, source, before: had, after: has }))
    }
  return { contents, unopened: [...unopened], unopenedRemoved }
}

function sidesOf(change: DebChange): { readonly before: LockedDeb | undefined; readonly after: LockedDeb | undefined } {
  return {
    before: change.kind === 'added' ? undefined : change.before,
    after: change.kind === 'removed' ? undefined : change.after,
  }
}
