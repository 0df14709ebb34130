import { Fault, type Session } from '../kernel/index.ts'
import {
  conflictOver,
  debKey,
  type Lockfile,
  mergeLocks,
  pinnedBy,
  readMergeable,
  type Three,
} from '../lockfile/index.ts'
import { type MergePlace, proveMerge } from './prove-merge.ts'
import { readTextFile, replaceTextFile } from './text-file.ts'
import type { World } from './world.ts'

export interface MergeLocksRequest extends MergePlace {
  /** Absolute paths. The merge is written to `ours`; an empty base is as good as none. */
  readonly files: { readonly base: string; readonly ours: string; readonly theirs: string }
}

export type MergeOutcome =
  | {
      readonly kind: 'merged'
      readonly lockName: string
      readonly debs: number
      /** `as-before`: one branch's lock has it all. `not-proven`: the store has not what it takes; `lock verify` looks further. */
      readonly relations: 'proven' | 'not-proven' | 'as-before'
    }
  | {
      readonly kind: 'conflict'
      readonly lockName: string
      /** What the branches disagree about, one sentence each. */
      readonly conflicts: readonly string[]
    }

/**
 * Merges two branches' locks as git's merge driver does it. The file of ours gets the merged lock, or its text with conflict markers around what is
 * disputed.
 *
 * @throws {Fault} `LOCK_MALFORMED`, `LOCK_CONFLICTED` and `LOCK_TOO_NEW` when a branch's file is no lockfile; then nothing is written
 */
export async function mergeLockFiles(
  request: MergeLocksRequest,
  session: Session,
  world: World,
): Promise<MergeOutcome> {
  const { files, project } = request
  const read = (path: string) => readTextFile(path, 'LOCK_MISSING')
  const texts = { base: await read(files.base), ours: await read(files.ours), theirs: await read(files.theirs) }
  const locks = await readMergeable({ ...texts, fileName: project.lockName })
  const { outcome, text } = await provenMerge(locks, request, session, world)
  await replaceTextFile(files.ours, text)
  return outcome
}

/** The merge and its text, after its relations were looked at: a merge that breaks them is a conflict. */
export async function provenMerge(
  locks: Three<Lockfile>,
  place: MergePlace,
  session: Session,
  world: World,
): Promise<{ readonly outcome: MergeOutcome; readonly text: string }> {
  const { lockName } = place.project
  const merge = mergeLocks(locks)
  if (merge.kind === 'conflict')
    return { outcome: { kind: 'conflict', lockName, conflicts: merge.conflicts }, text: merge.text }
  const { lock, text } = merge
  const merged = (relations: 'proven' | 'not-proven' | 'as-before') =>
    ({ outcome: { kind: 'merged', lockName, debs: lock.debs.length, relations }, text }) as const
  if ([locks.ours, locks.theirs].some(side => hasSameDebs(side, lock))) return merged('as-before')
  const proof = await proveMerge(lock, place, session, world)
  if (proof.relations !== 'refuted') return merged(proof.relations)
  const conflict = conflictOver(locks, proof.problems)
  return { outcome: { kind: 'conflict', lockName, conflicts: proof.problems }, text: conflict.text }
}

function hasSameDebs(one: Lockfile, other: Lockfile): boolean {
  const bytesOf = ({ debs }: Lockfile): string =>
    JSON.stringify(debs.map(deb => [debKey(deb), pinnedBy(deb), deb.roots]))
  return bytesOf(one) === bytesOf(other)
}

/** What a person does about a conflict; a merge driver's message ends up in git's output. */
export function mergeFault({ lockName, conflicts }: Extract<MergeOutcome, { kind: 'conflict' }>): Fault {
  const more = conflicts.length > 1 ? ` and ${conflicts.length - 1} more` : ''
  return new Fault('LOCK_MERGE_CONFLICT', {
    message: `${lockName}: the branches do not go together: ${conflicts[0] ?? ''}${more}`,
    hint: 'Resolve the manifest; then `aptroot lock resolve --take ours` (or theirs) and `aptroot lock update --keep`.',
    context: { lock: lockName, conflicts },
  })
}
