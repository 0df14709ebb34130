import { changesBetween, compareVersions } from '../debian/index.ts'
import { groupBy, type Session } from '../kernel/index.ts'
import {
  type DebChange,
  debKey,
  type LockDifference,
  type LockedDeb,
  type Lockfile,
  type SourceChange,
} from '../lockfile/index.ts'
import { reviewedChangelog, type SourceChangelog } from '../review/index.ts'
import { type DebDocuments, readDebDocuments } from './deb-documents.ts'
import type { DebPlace } from './deb-place.ts'

export interface ChangelogsRequest {
  readonly difference: LockDifference
  readonly before: Lockfile
  readonly after: Lockfile
}

/**
 * What the debs' own changelogs say between the two versions of each source package that moved: of a downgrade what is lost. One deb of each source is
 * opened, the smallest, and the one that its documents are linked to.
 *
 * @throws {Fault} as `DebPlace.open`
 */
export async function readChangelogs(
  request: ChangelogsRequest,
  place: DebPlace,
  session: Session,
): Promise<readonly SourceChangelog[]> {
  const questions = request.difference.sources.flatMap(source => questionOf(source, request))
  await place.bring(questions.flatMap(({ debs }) => debs.slice(0, 1)))
  const answers: SourceChangelog[] = []
  for (const question of questions) {
    session.signal.throwIfAborted()
    answers.push(await answerOf(question, place))
  }
  return answers
}

interface Question {
  readonly source: string
  readonly direction: 'gained' | 'lost'
  /** What is older, and the debs of what is newer, the smallest first. */
  readonly older: LockedDeb
  readonly debs: readonly LockedDeb[]
  /** The lock that they are from. */
  readonly lock: Lockfile
}

type PairedChange = Extract<DebChange, { readonly before: unknown; readonly after: unknown }>

function questionOf({ source, debs }: SourceChange, { before, after }: ChangelogsRequest): Question[] {
  const moved = debs.filter(
    (each): each is PairedChange => each.kind === 'upgraded' || each.kind === 'rebuilt' || each.kind === 'downgraded',
  )
  const isLost = moved.some(each => each.kind === 'downgraded')
  const pairs = moved
    .filter(each => (each.kind === 'downgraded') === isLost)
    .map(change => ({ older: isLost ? change.after : change.before, newer: isLost ? change.before : change.after }))
  // Where architectures differ, the longest step tells all of the others.
  const [longest] = [...groupBy(pairs, each => each.newer.sourceVersion)].toSorted(([left], [right]) =>
    compareVersions(right, left),
  )
  const group = longest?.[1].toSorted((left, right) => left.newer.sizeBytes - right.newer.sizeBytes) ?? []
  const [first] = group
  if (first === undefined) return []
  const question = { source, older: first.older, debs: group.map(each => each.newer) }
  return [isLost ? { ...question, direction: 'lost', lock: before } : { ...question, direction: 'gained', lock: after }]
}

/** So many debs of one source are opened before it counts as one without changelog. */
const debsOpened = 3

async function answerOf({ source, direction, older, debs, lock }: Question, place: DebPlace): Promise<SourceChangelog> {
  let answer: SourceChangelog | undefined
  const queue = debs.slice(0, debsOpened)
  for (const deb of queue) {
    const documents = await documentsOf(deb, place)
    if (documents === undefined) continue
    const part = partOf(documents, { deb, older })
    if (part !== undefined) {
      answer = reviewedChangelog({ source, direction, deb: `${debKey(deb)} ${deb.version}`, part })
      if (answer.kind === 'known') return answer
    }
    const linked = lock.debs.find(
      each =>
        each.name === documents.elsewhere && each.sourceName === source && each.sourceVersion === deb.sourceVersion,
    )
    if (linked === undefined || queue.includes(linked)) continue
    await place.bring([linked])
    queue.push(linked)
  }
  if (answer !== undefined) return answer
  const isThere = (await Promise.all(queue.map(deb => place.store.has(deb)))).some(each => each)
  return {
    kind: 'not-known',
    source,
    reason: isThere ? 'its debs have no changelog' : 'none of its debs is at hand',
  }
}

async function documentsOf(deb: LockedDeb, place: DebPlace): Promise<DebDocuments | undefined> {
  const pack = await place.open(deb)
  return pack === undefined ? undefined : readDebDocuments(pack, place.store)
}

function partOf(
  { changelog, rebuildChangelog }: DebDocuments,
  { deb, older }: { readonly deb: LockedDeb; readonly older: LockedDeb },
) {
  const rebuild =
    rebuildChangelog === undefined
      ? undefined
      : changesBetween(rebuildChangelog, { after: older.version, upTo: deb.version })
  const rebuilt = rebuild?.kind === 'entries' ? rebuild.entries : []
  // Rebuilt from the same source: the changelog of the source has nothing to say.
  if (deb.sourceVersion === older.sourceVersion)
    return rebuild?.kind === 'entries' ? ({ ...rebuild, reach: 'whole' } as const) : rebuild
  if (changelog === undefined) return undefined
  const part = changesBetween(changelog, { after: older.sourceVersion, upTo: deb.sourceVersion })
  return part.kind === 'entries' ? { ...part, entries: [...rebuilt, ...part.entries] } : part
}
