import { isFault, quoted, sortedByBytes } from '../kernel/index.ts'
import { checkLockfile } from './check.ts'
import { weaveConflicts } from './conflict-markers.ts'
import { diffLockfiles } from './difference.ts'
import { mergeLockfiles } from './merge.ts'
import { namesOfWanted } from './merge-requests.ts'
import type { Lockfile } from './model.ts'
import { readLockfile } from './read.ts'
import type { Preference, Three } from './three-way.ts'
import { writeLockfile } from './write.ts'

export type LockMerge =
  /** Canonical, and sound as far as the text alone can show. */
  | { readonly kind: 'merged'; readonly lock: Lockfile; readonly text: string }
  /** `text` has conflict markers around what the branches disagree about, and is no lockfile until they are gone. */
  | { readonly kind: 'conflict'; readonly text: string; readonly conflicts: readonly string[] }

export interface LockTexts extends Three<string> {
  /** For messages. */
  readonly fileName: string
}

/**
 * Reads what is to be merged. A base that is no lockfile (empty, or with conflict markers of an earlier merge of bases) is as good as none.
 *
 * @throws {Fault} as `readLockfile`, for both branches
 */
export async function readMergeable({ base, ours, theirs, fileName }: LockTexts): Promise<Three<Lockfile>> {
  return {
    base: base === undefined || base.trim() === '' ? undefined : await readBase(base, fileName),
    ours: await readLockfile(ours, `${fileName} (ours)`),
    theirs: await readLockfile(theirs, `${fileName} (theirs)`),
  }
}

async function readBase(text: string, fileName: string): Promise<Lockfile | undefined> {
  try {
    return await readLockfile(text, `${fileName} (base)`)
  } catch (error) {
    if (isFault(error, 'LOCK_CONFLICTED') || isFault(error, 'LOCK_MALFORMED')) return undefined
    throw error
  }
}

/**
 * A three-way merge that speaks of debs, not of lines. Whatever both branches are not of one mind about is a conflict; so is a lock that would
 * contradict itself although each branch's lock did not.
 */
export function mergeLocks(locks: Three<Lockfile>): LockMerge {
  const merged = writtenMerge(locks, 'ours')
  const other = writtenMerge(locks, 'theirs')
  if (merged.text !== other.text) {
    const text = weaveConflicts(merged.text, other.text)
    return { kind: 'conflict', text, conflicts: disagreements(merged.lock, other.lock) }
  }
  // What both branches have is not this merge's doing.
  if (merged.text === writeLockfile(locks.ours) && merged.text === writeLockfile(locks.theirs))
    return { kind: 'merged', ...merged }
  const problems = problemsOfMerge(merged.lock, merged.text)
  return problems.length === 0 ? { kind: 'merged', ...merged } : conflictOver(locks, problems)
}

/**
 * The conflict of branches that were merged to something unsound: markers around the sources that the problems speak of, as either branch has
 * them; where both have the same, around everything that differs.
 *
 * @param problems sentences with the names of packages in them
 */
export function conflictOver(locks: Three<Lockfile>, problems: readonly string[]): LockMerge {
  const words = new Set(problems.flatMap(problem => problem.split(/[^a-z0-9.+-]+/)))
  const undivided = new Set(
    [...locks.ours.debs, ...locks.theirs.debs].filter(deb => words.has(deb.name)).map(deb => deb.sourceName),
  )
  const [ours, theirs] = (['ours', 'theirs'] as const).map(prefer => writtenMerge(locks, prefer, undivided).text)
  const text =
    ours === undefined || theirs === undefined || ours === theirs
      ? weaveConflicts(writeLockfile(locks.ours), writeLockfile(locks.theirs))
      : weaveConflicts(ours, theirs)
  return { kind: 'conflict', text, conflicts: problems }
}

/** One line for each thing that the branches disagree about. */
function disagreements(ours: Lockfile, theirs: Lockfile): readonly string[] {
  const { keys, request, sources } = diffLockfiles(ours, theirs)
  const side = (kind: 'added' | 'removed'): string => (kind === 'removed' ? 'ours' : 'theirs')
  const versions = (list: readonly string[]): string => (list.length === 0 ? 'nothing' : list.join(' and '))
  const lines = [
    ...request.map(({ field, kind, text }) => `${field}: ${side(kind)} has ${quoted(text)}`),
    ...keys.map(({ archive, kind, fingerprint }) => `keys of ${archive}: ${side(kind)} has ${fingerprint}`),
    ...sources.map(({ source, versionsBefore, versionsAfter }) => {
      const [mine, other] = [versions(versionsBefore), versions(versionsAfter)]
      return mine === other
        ? `${source}: both have ${mine}, in different ways`
        : `${source}: ours ${mine}, theirs ${other}`
    }),
  ]
  return lines.length === 0 ? ['keys that this version of aptroot does not know'] : lines
}

function writtenMerge(
  locks: Three<Lockfile>,
  prefer: Preference,
  undivided: ReadonlySet<string> = new Set(),
): { readonly lock: Lockfile; readonly text: string } {
  const lock = mergeLockfiles(locks, { prefer, undivided })
  return { lock, text: writeLockfile(lock) }
}

/** What the lock alone shows to be wrong with a merge. */
export function problemsOfMerge(lock: Lockfile, text: string): readonly string[] {
  const names = new Map(lock.request.wanted.map(item => [item, namesOfWanted(item)]))
  const excluded = new Set(lock.request.exclude)
  return [
    ...checkLockfile(lock, text, names).map(({ message }) => message),
    ...sortedByBytes(new Set(lock.debs.filter(deb => excluded.has(deb.name)).map(deb => deb.name))).map(
      name => `${quoted(name)} is excluded, but something that is locked needs it`,
    ),
  ]
}
