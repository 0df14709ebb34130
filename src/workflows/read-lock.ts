import type { Lockfile } from '../lockfile/index.ts'
import { readLockfile } from '../lockfile/read.ts'
import type { Project } from './project.ts'
import { readTextFile } from './text-file.ts'

export interface LockText {
  readonly lock: Lockfile
  readonly text: string
}

/** @throws {Fault} `LOCK_MISSING`, and what `readLockfile` throws */
export async function readLock(project: Pick<Project, 'lockName' | 'lockPath'>): Promise<LockText> {
  const text = await readTextFile(project.lockPath, 'LOCK_MISSING')
  return { lock: await readLockfile(text, project.lockName), text }
}
