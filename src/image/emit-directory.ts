import { randomBytes } from 'node:crypto'
import { chmodSync, lstatSync, readdirSync } from 'node:fs'
import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isFault, type ProcessRunner, type Session } from '../kernel/index.ts'
import { type OutputTarget, outputFault, outputUnwritable } from './output-fault.ts'
import type { SealedTree } from './tar-bytes.ts'
import { type Ownership, writeTree } from './write-tree.ts'

export interface EmittedDirectory {
  readonly kind: 'directory'
  readonly name: string
  readonly path: string
  readonly ownership: Ownership
}

export interface DirectoryRequest {
  readonly root: SealedTree
  readonly target: OutputTarget
  readonly ownership: Ownership
  readonly runner: ProcessRunner
}

/**
 * Writes the tree as a folder. It is built under another name beside the target and renamed when it is whole, so that after a fault or an
 * interruption the target is what it was.
 *
 * What may be replaced: nothing, an empty folder, or the folder that aptroot itself put there. That one is recognised by a file beside
 * it, `.NAME.aptroot`, with the folder's inode number; a folder that a person made, copied or moved there is never deleted.
 * Neither is one on which something is mounted.
 *
 * Warns in one line each when owners are the caller's, and when device nodes, FIFOs or extended attributes could not be made.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`, `PROGRAM_FAILED`, `STORE_CORRUPT`
 */
export async function emitDirectory(request: DirectoryRequest, session: Session): Promise<EmittedDirectory> {
  const { root, target, ownership, runner } = request
  const parent = dirname(target.path)
  let staging: string | undefined
  session.journal.emit({ kind: 'started', stage: 'emit', name: target.name })
  try {
    await mkdir(parent, { recursive: true })
    await checkReplaceable(target)
    // mkdtemp makes it 0700: nobody runs a setuid program of a half-written root.
    staging = await mkdtemp(join(parent, `.${basename(target.path)}.`))
    const { left } = await writeTree({ root, folder: staging, ownership, runner }, session)
    session.signal.throwIfAborted()
    await putInPlace(staging, target)
    staging = undefined
    warn(request, left, session)
  } catch (error) {
    throw outputFault(error, target)
  } finally {
    if (staging !== undefined) await removeFolder(staging)
  }
  session.journal.emit({ kind: 'finished', stage: 'emit', name: target.name, detail: `${root.tree.size} paths` })
  return { kind: 'directory', ...target, ownership }
}

function warn({ target, ownership }: DirectoryRequest, left: readonly string[], session: Session): void {
  if (ownership === 'caller')
    session.journal.emit({
      kind: 'warned',
      stage: 'emit',
      message: `${target.name}: all files belong to you, without setuid and setgid bits, since only root can set owners`,
      hint: 'Emit a tar, which keeps owners and modes, or run as root.',
    })
  if (left.length > 0)
    session.journal.emit({
      kind: 'warned',
      stage: 'emit',
      message: `${target.name} lacks ${left[0]}${left.length > 1 ? ` and ${left.length - 1} more` : ''}, which cannot be made here`,
      hint: 'Emit a tar, which keeps everything.',
    })
}

function markerOf({ path }: OutputTarget): string {
  return join(dirname(path), `.${basename(path)}.aptroot`)
}

function markerText(inode: number): string {
  return `aptroot-output 1\ninode ${inode}\n`
}

/** @returns whether there is a folder of ours to be replaced */
async function checkReplaceable(target: OutputTarget): Promise<'vacant' | 'ours'> {
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

async function putInPlace(staging: string, target: OutputTarget): Promise<void> {
  // Again: minutes may have passed.
  const found = await checkReplaceable(target)
  const old = join(dirname(target.path), `.${basename(target.path)}.old-${randomBytes(6).toString('hex')}`)
  if (found === 'ours') await rename(target.path, old)
  try {
    await rename(staging, target.path)
  } catch (error) {
    if (found === 'ours') await rename(old, target.path).catch(() => undefined)
    throw error
  }
  await writeFile(markerOf(target), markerText((await lstat(target.path)).ino))
  if (found === 'ours') await removeFolder(old)
}

/** Removes a folder of ours. An ordinary user must make folders without write permission writable first. */
async function removeFolder(path: string): Promise<void> {
  for (const folder of foldersBelow(path)) chmodSync(folder, 0o700)
  await rm(path, { recursive: true, force: true })
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
