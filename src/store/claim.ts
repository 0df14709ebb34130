import { rmSync } from 'node:fs'
import { link, rename, rm, stat } from 'node:fs/promises'
import { temporaryPath } from './durable-file.ts'
import { claimPath, type ProcessPlaces, type StoreLayout } from './layout.ts'
import { findPresence, type Presence } from './presence.ts'

/** Says to other processes that this one is about to make a blob. */
export interface BlobClaim {
  /** Never throws. */
  release(): void
}

/**
 * Claims the making of a blob among the processes that use the store. A claim saves work and nothing else: whoever has none,
 * because the store is read-only or its file system has no hard links, may write all the same.
 *
 * A claim is a second name of its process's presence file, so that it appears with its contents, and its heartbeat with it.
 * That of a dead process is taken over.
 *
 * @returns `held` while a living process has it
 */
export async function claimBlob(
  world: { readonly layout: StoreLayout; readonly presence: Presence; readonly now: () => Date },
  sha256: string,
): Promise<BlobClaim | 'held'> {
  const claim = await claimName(world, claimPath(world.layout, sha256))
  return claim === 'impossible' ? { release: () => undefined } : claim
}

/**
 * The same for a name in the folder of claims.
 *
 * @returns `impossible` where the file system has no hard links, or may not be written
 */
export async function claimName(
  world: { readonly layout: ProcessPlaces; readonly presence: Presence; readonly now: () => Date },
  path: string,
): Promise<BlobClaim | 'held' | 'impossible'> {
  const { layout, presence } = world
  for (let tries = 0; tries < 3; tries++) {
    switch (presence.linkTo(path)) {
      case 'linked':
        return { release: () => removeQuietly(path) }
      case 'impossible':
        return 'impossible'
      case 'taken':
    }
    const holder = await findPresence(path, world.now())
    if (holder === undefined) continue
    if (holder.life !== 'dead') return 'held'
    await setAside(layout, path, holder.inode)
  }
  return 'held'
}

/** Of two processes that find the same dead one, the slower must not remove the claim of the faster: it puts it back. */
async function setAside(layout: ProcessPlaces, path: string, deadInode: number): Promise<void> {
  const aside = temporaryPath(layout)
  try {
    await rename(path, aside)
    if ((await stat(aside)).ino !== deadInode) await link(aside, path)
  } catch {
    // It is gone, or somebody has claimed meanwhile: the next look tells.
  } finally {
    await rm(aside, { force: true }).catch(() => undefined)
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // It loses its meaning with this process.
  }
}
