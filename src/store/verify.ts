import { type FileHandle, open } from 'node:fs/promises'
import { relative } from 'node:path'
import { type Session, unreachable } from '../kernel/index.ts'
import { digestOf, removeSame } from './blobs.ts'
import type { StoreLayout } from './layout.ts'
import { judgeObjectFile } from './objects.ts'
import { onDisk, onDiskIfPresent } from './store-fault.ts'
import { type StoreFile, walkStore } from './walk.ts'

export interface RemovedFile {
  /** Within the store. */
  readonly path: string
  readonly reason: string
  /** Of a blob: the digest that its bytes should have. */
  readonly sha256?: string
}

export interface StoreVerification {
  readonly blobs: number
  readonly objects: number
  /** Length of everything that was read. */
  readonly sizeBytes: number
  /** What did not match its name and was removed. */
  readonly removed: readonly RemovedFile[]
  /** Files that are not the store's, left alone; paths within the store. */
  readonly foreign: readonly string[]
}

/** Reads every blob and object, compares it with its name and checksum, and removes what differs. */
export async function verifyLayout(layout: StoreLayout, session: Session): Promise<StoreVerification> {
  let blobs = 0
  let objects = 0
  let sizeBytes = 0
  const removed: RemovedFile[] = []
  const foreign: string[] = []
  for await (const file of walkStore(layout)) {
    session.signal.throwIfAborted()
    const path = relative(layout.top, file.path)
    switch (file.kind) {
      case 'blob':
      case 'object': {
        const judged = await judge(file)
        if (judged === undefined) break
        if (file.kind === 'blob') blobs++
        else objects++
        sizeBytes += judged.sizeBytes
        if (judged.reason !== undefined)
          removed.push({ path, reason: judged.reason, ...(file.kind === 'blob' ? { sha256: file.sha256 } : {}) })
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
  return { blobs, objects, sizeBytes, removed, foreign }
}

async function judge(
  file: Extract<StoreFile, { kind: 'blob' | 'object' }>,
): Promise<{ readonly sizeBytes: number; readonly reason: string | undefined } | undefined> {
  const handle = await onDiskIfPresent(file.path, () => open(file.path, 'r'))
  if (handle === undefined) return undefined
  try {
    const { size } = await onDisk(file.path, () => handle.stat())
    const reason = await onDisk(file.path, () => reasonAgainst(file, handle))
    if (reason !== undefined) await removeSame(file.path, handle)
    return { sizeBytes: size, reason }
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
