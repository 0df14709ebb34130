import { randomBytes } from 'node:crypto'
import { mkdtemp, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ProcessRunner, Session } from '../kernel/index.ts'
import { makeFolder } from '../store/index.ts'
import { type OutputTarget, outputFault } from './output-fault.ts'
import { checkOwnedFolder, markOwnedFolder, removeOwnedFolder } from './owned-folder.ts'
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
 * What may be replaced is what `checkOwnedFolder` says.
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
    makeFolder(parent)
    await checkOwnedFolder(target)
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
    if (staging !== undefined) await removeOwnedFolder(staging)
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

async function putInPlace(staging: string, target: OutputTarget): Promise<void> {
  // Again: minutes may have passed.
  const found = await checkOwnedFolder(target)
  const old = join(dirname(target.path), `.${basename(target.path)}.old-${randomBytes(6).toString('hex')}`)
  if (found === 'ours') await rename(target.path, old)
  try {
    await rename(staging, target.path)
  } catch (error) {
    if (found === 'ours') await rename(old, target.path).catch(() => undefined)
    throw error
  }
  await markOwnedFolder(target)
  if (found === 'ours') await removeOwnedFolder(old)
}
