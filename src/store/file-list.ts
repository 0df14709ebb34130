import { hash as hashOf } from 'node:crypto'
import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  openSync,
  readSync,
} from 'node:fs'
import { nextTurn } from '../kernel/index.ts'
import { writeWhole } from './content-writer.ts'

/** Larger contents are for those who write them one by one. */
export const largestListedBytes = 1024 * 1024

/** Where the bytes of a content lie: in a file that is open in this process, whichever thread reads. */
export interface OpenPlace {
  readonly descriptor: number
  readonly position: number
}

export interface FileAttributes {
  readonly userId: number
  readonly groupId: number
  readonly mode: number
  readonly modifiedSeconds: number
}

export interface ListedFile extends OpenPlace, FileAttributes {
  /** Absolute, where nothing is yet, as a byte string. */
  readonly path: string
  readonly sha256: string
  readonly sizeBytes: number
}

/** What tells that a file is the one that was written: whatever touches it changes the last. */
export interface FileStamp {
  readonly inode: bigint
  readonly changedNanoseconds: bigint
}

/** Files that may be written in any order and by several threads at once: all of it is memory that they share, or text. */
export interface SharedFileList {
  readonly paths: string
  readonly digests: string
  readonly numbers: Float64Array
  /** Two for each file; zeros where it was not written. */
  readonly stamps: BigUint64Array
  /** The first that nobody has taken. */
  readonly next: Int32Array
}

const numbersPerFile = 7
const stampsPerFile = 2
const digestCharacters = 64
/** Between two names. */
const separator = '\0'
/** Taken at a time: one millisecond. */
const takenAtOnce = 32

export function shareFileList(files: readonly ListedFile[]): SharedFileList {
  const numbers = new Float64Array(new SharedArrayBuffer(files.length * numbersPerFile * 8))
  for (const [at, { descriptor, position, sizeBytes, userId, groupId, mode, modifiedSeconds }] of files.entries())
    numbers.set([descriptor, position, sizeBytes, userId, groupId, mode, modifiedSeconds], at * numbersPerFile)
  return {
    paths: files.map(({ path }) => path).join(separator),
    digests: files.map(({ sha256 }) => sha256).join(''),
    numbers,
    stamps: new BigUint64Array(new SharedArrayBuffer(files.length * stampsPerFile * 8)),
    next: new Int32Array(new SharedArrayBuffer(4)),
  }
}

/**
 * Writes what nobody else writes, until nothing is left. What does not succeed, for whatever reason, is left for whoever writes files one by one: a
 * part of it may be there.
 */
export async function writeListed(list: SharedFileList, signal?: AbortSignal): Promise<void> {
  const paths = list.paths.split(separator)
  const passing = Buffer.allocUnsafeSlow(largestListedBytes)
  for (;;) {
    const first = Atomics.add(list.next, 0, takenAtOnce)
    const end = Math.min(first + takenAtOnce, paths.length)
    if (first >= end || signal?.aborted) return
    for (let at = first; at < end; at++) {
      const stamp = writeOne(fileAt(list, paths, at), passing)
      if (stamp === undefined) continue
      list.stamps[at * stampsPerFile] = stamp.inode
      list.stamps[at * stampsPerFile + 1] = stamp.changedNanoseconds
    }
    await nextTurn()
  }
}

/** Nothing more is taken. */
export function stopWriting({ next }: SharedFileList): void {
  Atomics.store(next, 0, 2 ** 30)
}

/** Once nobody writes any more. @returns undefined for what was not written */
export function stampOf({ stamps }: SharedFileList, at: number): FileStamp | undefined {
  const inode = stamps[at * stampsPerFile] ?? 0n
  const changedNanoseconds = stamps[at * stampsPerFile + 1] ?? 0n
  return inode === 0n ? undefined : { inode, changedNanoseconds }
}

/** Of a file that this process made: what is so already needs no call. */
export function giveAttributes(file: number, wanted: FileAttributes): BigIntStats {
  futimesSync(file, wanted.modifiedSeconds, wanted.modifiedSeconds)
  const stats = fstatSync(file, { bigint: true })
  const isGiven = Number(stats.uid) === wanted.userId && Number(stats.gid) === wanted.groupId
  if (isGiven && (Number(stats.mode) & 0o7777) === wanted.mode) return stats
  fchownSync(file, wanted.userId, wanted.groupId)
  // After chown, which clears setuid and setgid.
  fchmodSync(file, wanted.mode)
  return fstatSync(file, { bigint: true })
}

function fileAt({ numbers, digests }: SharedFileList, paths: readonly string[], at: number): ListedFile {
  const number = (which: number) => numbers[at * numbersPerFile + which] ?? 0
  return {
    path: paths[at] ?? '',
    sha256: digests.slice(at * digestCharacters, (at + 1) * digestCharacters),
    descriptor: number(0),
    position: number(1),
    sizeBytes: number(2),
    userId: number(3),
    groupId: number(4),
    mode: number(5),
    modifiedSeconds: number(6),
  }
}

function writeOne(wanted: ListedFile, passing: Buffer): FileStamp | undefined {
  const bytes = passing.subarray(0, wanted.sizeBytes)
  try {
    if (!readWhole(wanted, bytes) || hashOf('sha256', bytes) !== wanted.sha256) return undefined
    const file = openSync(
      Buffer.from(wanted.path, 'latin1'),
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
      wanted.mode & 0o777,
    )
    try {
      writeWhole(file, bytes)
      const { ino, ctimeNs } = giveAttributes(file, wanted)
      return { inode: ino, changedNanoseconds: ctimeNs }
    } finally {
      closeSync(file)
    }
  } catch {
    return undefined
  }
}

function readWhole({ descriptor, position }: OpenPlace, bytes: Buffer): boolean {
  for (let done = 0; done < bytes.length; ) {
    const count = readSync(descriptor, bytes, done, bytes.length - done, position + done)
    if (count === 0) return false
    done += count
  }
  return true
}
