import { chmodSync, lstatSync, readdirSync } from 'node:fs'
import { lstat, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isFault } from '../kernel/index.ts'
import { type OutputTarget, outputUnwritable } from './output-fault.ts'

/**
 * Whether a folder may be written: it is absent or empty, or aptroot put it there. That is known by a file beside it,
 * `.NAME.aptroot`, with the folder's inode number; a folder that a person made, copied or moved there is never touched, and
 * neither is one on which something is mounted.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`
 */
export async function checkOwnedFolder(target: OutputTarget): Promise<'vacant' | 'ours'> {
  const facts = await lstat(target.path).catch(absent)
  if (facts === undefined) return 'vacant'
  if (!facts.isDirectory())
    throw outputUnwritable(
      target,
      'there is something else than a folder',
      'Move it away, or choose another place with `--output`.',
    )
  if ((await readdir(target.path)).length === 0) return 'vacant'
  const marker = await readFile(markerOf(target), 'utf8').catch(absent)
  if (marker !== markerText(facts.ino))
    throw outputUnwritable(
      target,
      'the folder has contents that aptroot did not write',
      'Empty or move it, or choose another place with `--output`.',
    )
  const mount = mountBelow(target.path, facts.dev)
  if (mount !== undefined)
    throw outputUnwritable(target, `something is mounted on ${mount}`, 'Unmount it and run the command again.')
  return 'ours'
}

/** From now on the folder that lies there is ours. */
export async function markOwnedFolder(target: OutputTarget): Promise<void> {
  await writeFile(markerOf(target), markerText((await lstat(target.path)).ino))
}

/** Removes a folder of ours. An ordinary user must make folders without write permission writable first. */
export async function removeOwnedFolder(path: string): Promise<void> {
  for (const folder of foldersBelow(path)) chmodSync(folder, 0o700)
  await rm(path, { recursive: true, force: true })
}

function markerOf({ path }: OutputTarget): string {
  return join(dirname(path), `.${basename(path)}.aptroot`)
}

function markerText(inode: number): string {
  return `aptroot-output 1\ninode ${inode}\n`
}

function mountBelow(path: string, device: number): string | undefined {
  for (const folder of foldersBelow(path)) if (lstatSync(folder).dev !== device) return folder.toString()
  return undefined
}

/** Itself and all below it, holders first; follows no symlink. */
function* foldersBelow(path: string): Generator<Buffer> {
  const pending = [Buffer.from(path)]
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    yield folder
    for (const name of readdirSync(folder, { encoding: 'buffer' })) {
      const below = Buffer.concat([folder, Buffer.from('/'), name])
      if (lstatSync(below).isDirectory()) pending.push(below)
    }
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT' && !isFault(error)) return undefined
  throw error
}
