import { type FileHandle, open } from 'node:fs/promises'
import { relative } from 'node:path'
import { type Session, unreachable } from '../kernel/index.ts'
import { digestOf, removeSame } from './blobs.ts'
import type { StoreLayout } from './layout.ts'
import { judgeObjectFile } from './objects.ts'
import { onDisk, onDiskIfPresent } from './store-fault.ts'
import { type StoreFile, walkStore } from './walk.ts'

export interface DamagedFile {
  /** Within the store. */
  readonly path: string
  readonly reason: string
  /** Of a blob: the digest that its bytes should have. */
  readonly sha256?: string
}

/** What one store folder holds. */
export interface FolderVerification {
  readonly blobs: number
  readonly objects: number
  /** Length of everything that was read. */
  readonly sizeBytes: number
  /** What did not match its name and was removed. */
  readonly removed: readonly DamagedFile[]
  /** What did not match its name in a layer, or where this user may not write. */
  readonly left: readonly DamagedFile[]
  /** Files that are not the store's, left alone; paths within the store. */
  readonly foreign: readonly string[]
}

export interface StoreVerification extends FolderVerification {
  /** The stores that are only read, in the order in which they are looked into. */
  readonly layers: readonly (FolderVerification & { readonly folder: string })[]
}

/** Reads every blob and object, compares it with its name and checksum, and removes what differs; in a layer it is only told. */
export async function verifyLayout(layout: StoreLayout, session: Session): Promise<FolderVerification> {
  let blobs = 0
  let objects = 0
  let sizeBytes = 0
  const removed: DamagedFile[] = []
  const left: DamagedFile[] = []
  const foreign: string[] = []
  for await (const file of walkStore(layout)) {
    session.signal.throwIfAborted()
    const path = relative(layout.top, file.path)
    switch (file.kind) {
      case 'blob':
      case 'object': {
        const judged = await judge(file, layout)
        if (judged === undefined) break
        if (file.kind === 'blob') blobs++
        else objects++
        sizeBytes += judged.sizeBytes
        if (judged.damage !== undefined) {
          const { reason, outcome } = judged.damage
          const damaged = { path, reason, ...(file.kind === 'blob' ? { sha256: file.sha256 } : {}) }
          if (outcome === 'left') left.push(damaged)
          else removed.push(damaged)
        }
        session.journal.emit({ kind: 'progressed', stage: 'store', name: 'verify', doneBytes: sizeBytes })
        break
      }
      case 'partial':
      case 'temporary':
      case 'presence':
        // None is believed by anyone for its bytes, so there is nothing to judge.
        break
      case 'foreign':
        foreign.push(path)
        break
      default:
        unreachable(file)
    }
  }
  return { blobs, objects, sizeBytes, removed, left, foreign }
}

interface Judged {
  readonly sizeBytes: number
  readonly damage: { readonly reason: string; readonly outcome: 'removed' | 'left' } | undefined
}

async function judge(
  file: Extract<StoreFile, { kind: 'blob' | 'object' }>,
  layout: StoreLayout,
): Promise<Judged | undefined> {
  const handle = await onDiskIfPresent(file.path, () => open(file.path, 'r'))
  if (handle === undefined) return undefined
  try {
    const { size } = await onDisk(file.path, () => handle.stat())
    const reason = await onDisk(file.path, () => reasonAgainst(file, handle))
    if (reason === undefined) return { sizeBytes: size, damage: undefined }
    return { sizeBytes: size, damage: { reason, outcome: await removeSame(file.path, handle, layout) } }
  } finally {
    await handle.close()
  }
}

async function reasonAgainst(
  file: Extract<StoreFile, { kind: 'blob' | 'object' }>,
  handle: FileHandle,
): Promise<string | undefined> {
  if (file.kind === 'object') return judgeObjectFile(handle, file.digest)
  const found = await digestOf(handle)
  return found.sha256 === file.sha256 ? undefined : `has sha256 ${found.sha256}`
}
