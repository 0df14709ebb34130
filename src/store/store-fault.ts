import { Fault } from '../kernel/index.ts'
import type { StoreUse } from './layout.ts'

/** Where an error of the file system ends: ENOSPC and kin are no room, everything else is a store that cannot be used. */
export function storeFault(error: unknown, path: string, use: StoreUse = 'own'): unknown {
  const code = errnoOf(error)
  if (code === undefined) return error
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new Fault('DISK_FULL', {
        message: `no room left to write ${path}: ${reasonOf(code)}`,
        hint:
          code === 'EFBIG'
            ? 'Raise the limit of file sizes (`ulimit -f`) for this command.'
            : 'Free some space, run `aptroot store prune`, or name another folder with `--store DIR`.',
        context: { path, errno: code },
        cause: error,
      })
    default:
      return new Fault('STORE_UNUSABLE', {
        message: `the store cannot be used at ${path}: ${reasonOf(code)}`,
        hint: hintOf(error, use),
        context: { path, errno: code },
        cause: error,
      })
  }
}

function hintOf(error: unknown, use: StoreUse): string {
  if (['EMFILE', 'ENFILE'].includes(errnoOf(error) ?? ''))
    return 'Raise the limit of open files (`ulimit -n`), or fetch fewer at a time with `--parallelism 1`.'
  if (use === 'layer')
    return 'Make the layer readable for this user, or leave it out of --store-layer (APTROOT_STORE_LAYERS).'
  return isForbidden(error)
    ? 'Name a writable folder with `--store DIR` (APTROOT_STORE), and this one with `--store-layer DIR` (APTROOT_STORE_LAYERS) to go on reading it.'
    : 'Name another folder with `--store DIR` or APTROOT_STORE.'
}

/** Runs one operation of the file system and turns its error into the store's fault. */
export async function onDisk<Result>(path: string, operation: () => Promise<Result>): Promise<Result> {
  try {
    return await operation()
  } catch (error) {
    throw storeFault(error, path)
  }
}

/** As `onDiskIfPresent`, at once. */
export function onDiskNowIfPresent<Result>(
  path: string,
  operation: () => Result,
  use: StoreUse = 'own',
): Result | undefined {
  try {
    return operation()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw storeFault(error, path, use)
  }
}

/** As `onDisk`; undefined when there is nothing at the path. */
export async function onDiskIfPresent<Result>(
  path: string,
  operation: () => Promise<Result>,
  use: StoreUse = 'own',
): Promise<Result | undefined> {
  try {
    return await operation()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw storeFault(error, path, use)
  }
}

/** Whether the file system refuses this user, or everybody, what was tried. */
export function isForbidden(error: unknown): boolean {
  return ['EROFS', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '')
}

export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function reasonOf(errno: string): string {
  switch (errno) {
    case 'ENOSPC':
      return 'the disk is full'
    case 'EDQUOT':
      return 'the disk quota is used up'
    case 'EFBIG':
      return "the file would be larger than this process's limit"
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'EROFS':
      return 'the file system is read-only'
    case 'ENOTDIR':
      return 'a part of the path is not a folder'
    case 'EMFILE':
    case 'ENFILE':
      return 'too many open files'
    default:
      return errno
  }
}
