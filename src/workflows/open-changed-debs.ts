import type { UnpackedDeb } from '../dpkg/index.ts'
import type { Session } from '../kernel/index.ts'
import { type DebChange, debKey, type LockDifference, type LockedDeb } from '../lockfile/index.ts'
import { type DebContents, type DeepReview, debContents } from '../review/index.ts'
import { readCopyright } from './deb-documents.ts'
import type { DebPlace } from './deb-place.ts'

/**
 * Opens the changed debs, both sides of each change. What could not be had is named.
 *
 * @throws {Fault} as `DebPlace.open`
 */
export async function openChangedDebs(
  difference: LockDifference,
  place: DebPlace,
  session: Session,
): Promise<DeepReview> {
  const pairs = difference.sources.flatMap(({ source, debs }) =>
    debs.flatMap(change => {
      const sides = sidesOf(change)
      return sides.before?.sha256 === sides.after?.sha256 ? [] : [{ source, ...sides }]
    }),
  )
  const debs = pairs.flatMap(({ before, after }) => [before, after].filter(each => each !== undefined))
  await place.bring(debs)
  await place.unpack(debs)
  const contents: DebContents[] = []
  const unopened = new Set<string>()
  const unopenedRemoved: string[] = []
  for (const { source, before, after } of pairs) {
    session.signal.throwIfAborted()
    const [had, has] = await Promise.all([openSide(before, place), openSide(after, place)])
    const key = debKey((after ?? before) as LockedDeb) // of a change one side is there
    if (before !== undefined && had === undefined) {
      if (after === undefined) unopenedRemoved.push(`${key} ${before.version}`)
      else unopened.add(`${key} ${before.version}`)
    }
    if (after !== undefined && has === undefined) unopened.add(`${key} ${after.version}`)
    const isWhole = (before === undefined) === (had === undefined) && (after === undefined) === (has === undefined)
    if (isWhole)
      contents.push(
        debContents({
          key,
          source,
          before: had?.deb,
          after: has?.deb,
          copyrightBefore: had?.copyright,
          copyrightAfter: has?.copyright,
        }),
      )
  }
  return { contents, unopened: [...unopened], unopenedRemoved }
}

interface OpenedSide {
  readonly deb: UnpackedDeb
  readonly copyright: string | undefined
}

async function openSide(deb: LockedDeb | undefined, place: DebPlace): Promise<OpenedSide | undefined> {
  const pack = deb === undefined ? undefined : await place.open(deb)
  return pack === undefined ? undefined : { deb: pack.deb, copyright: await readCopyright(pack, place.store) }
}

function sidesOf(change: DebChange): { readonly before: LockedDeb | undefined; readonly after: LockedDeb | undefined } {
  return {
    before: change.kind === 'added' ? undefined : change.before,
    after: change.kind === 'removed' ? undefined : change.after,
  }
}
