import { resolve } from 'node:path'
import { readProjectLock } from './read-project.ts'
import type { World } from './world.ts'

/**
 * The digests of the debs of some lockfiles.
 *
 * @param lockNames paths, as the user wrote them
 * @throws {Fault} `LOCK_MISSING` and others when one cannot be read
 */
export async function digestsOfLocks(
  lockNames: readonly string[],
  world: Pick<World, 'workingFolder'>,
): Promise<ReadonlySet<string>> {
  const digests = new Set<string>()
  for (const lockName of lockNames) {
    const { lock } = await readProjectLock({ lockName, lockPath: resolve(world.workingFolder, lockName) })
    for (const { sha256 } of lock.debs) digests.add(sha256)
  }
  return digests
}
