import type { Session } from '../kernel/index.ts'
import { diffLockfiles, type LockDifference } from '../lockfile/difference.ts'
import { readLockfile } from '../lockfile/read.ts'
import type { Project } from './project.ts'
import { type NamedText, readRevision, readSide } from './revision-file.ts'
import { readTextFile } from './text-file.ts'
import type { World } from './world.ts'

export interface CompareRequest {
  readonly project: Project
  /** File or git revision; undefined: `HEAD`. */
  readonly before: string | undefined
  /** File or git revision; undefined: the lockfile in the working tree. */
  readonly after: string | undefined
}

export interface LockComparison {
  readonly before: string
  readonly after: string
  readonly difference: LockDifference
}

/** @throws {Fault} `LOCK_MISSING`, `PROGRAM_FAILED` (git), and what `readLockfile` throws */
export async function compareLocks(
  { project, before, after }: CompareRequest,
  session: Session,
  world: Pick<World, 'processRunner' | 'environment' | 'workingFolder'>,
): Promise<LockComparison> {
  const side = (name: string) => readSide(name, project.lockPath, session, world)
  const earlier =
    before === undefined ? await readRevision('HEAD', project.lockPath, session, world) : await side(before)
  const later: NamedText =
    after === undefined
      ? { name: project.lockName, text: await readTextFile(project.lockPath, 'LOCK_MISSING') }
      : await side(after)
  const [lockBefore, lockAfter] = await Promise.all([
    readLockfile(earlier.text, earlier.name),
    readLockfile(later.text, later.name),
  ])
  return { before: earlier.name, after: later.name, difference: diffLockfiles(lockBefore, lockAfter) }
}
