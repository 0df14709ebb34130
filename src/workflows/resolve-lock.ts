import { Fault, isFault, type Session } from '../kernel/index.ts'
import { problemsOfMerge, readLockfile, readMergeable, type Three, takeSides } from '../lockfile/index.ts'
import { type MergeOutcome, provenMerge } from './merge-locks.ts'
import type { MergePlace } from './prove-merge.ts'
import { readRevision } from './revision-file.ts'
import { readTextFile, replaceTextFile } from './text-file.ts'
import type { World } from './world.ts'

export interface ResolveLockRequest extends MergePlace {
  /** Who decides what the branches disagree about; undefined: it stays in conflict. */
  readonly take: 'ours' | 'theirs' | undefined
}

export type ResolveOutcome =
  | MergeOutcome
  /** Nothing is to be done: the file has no conflict markers. */
  | { readonly kind: 'sound'; readonly lockName: string }
  /** One branch decided what was disputed. `problems`: what contradicts itself now, which `lock update --keep` mends. */
  | {
      readonly kind: 'taken'
      readonly lockName: string
      readonly side: 'ours' | 'theirs'
      readonly problems: readonly string[]
    }

export interface ResolvedLock {
  readonly outcome: ResolveOutcome
  /** Where the branches' texts were taken from. */
  readonly from: 'git' | 'markers'
  /** Whether the manifest beside it is fit for `lock update`. */
  readonly manifest: 'readable' | 'conflicted'
}

/**
 * Repairs a lockfile with conflict markers by merging the branches' locks. Their texts are those of git's index while the merge is going on, else
 * what the markers hold.
 *
 * @throws {Fault} `LOCK_MISSING`, and `LOCK_MALFORMED` when a branch's text is no lockfile
 */
export async function resolveLock(request: ResolveLockRequest, session: Session, world: World): Promise<ResolvedLock> {
  const { project, take } = request
  const text = await readTextFile(project.lockPath, 'LOCK_MISSING')
  const manifest = await manifestState(project.manifestPath)
  const marked = takeSides(text, project.lockName)
  if (marked === undefined) return { outcome: { kind: 'sound', lockName: project.lockName }, from: 'markers', manifest }
  const staged = await stagedTexts(project.lockPath, session, world)
  const locks = await readMergeable({ ...(staged ?? marked), fileName: project.lockName })
  const from = staged === undefined ? 'markers' : 'git'
  const merged = await provenMerge(locks, request, session, world)
  const isTaken = merged.outcome.kind === 'conflict' && take !== undefined
  const resolved = isTaken ? await taken(merged.text, take, project.lockName) : merged
  await replaceTextFile(project.lockPath, resolved.text)
  return { outcome: resolved.outcome, from, manifest }
}

/** One branch's side of a text with conflict markers: both sides of it are whole lockfiles. */
async function taken(text: string, side: 'ours' | 'theirs', lockName: string) {
  const chosen = takeSides(text, lockName)?.[side] ?? text
  const problems = problemsOfMerge(await readLockfile(chosen, lockName), chosen)
  return { outcome: { kind: 'taken', lockName, side, problems } as const, text: chosen }
}

/** What git's index has of an unmerged file: the base (none where both branches added it), ours and theirs. */
async function stagedTexts(path: string, session: Session, world: World): Promise<Three<string> | undefined> {
  const stage = async (number: 1 | 2 | 3): Promise<string | undefined> => {
    try {
      return (await readRevision(`:${number}`, path, session, world)).text
    } catch (error) {
      if (isFault(error, 'LOCK_MISSING') || isFault(error, 'PROGRAM_FAILED')) return undefined
      throw error
    }
  }
  const [ours, theirs] = [await stage(2), await stage(3)]
  return ours === undefined || theirs === undefined ? undefined : { base: await stage(1), ours, theirs }
}

async function manifestState(path: string): Promise<ResolvedLock['manifest']> {
  const text = await readTextFile(path, 'MANIFEST_MISSING').catch((error: unknown) => {
    if (error instanceof Fault) return undefined
    throw error
  })
  return text === undefined || /^(?:<{7}|={7}|>{7})(?: |$)/m.test(text) ? 'conflicted' : 'readable'
}
