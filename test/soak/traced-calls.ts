import { readFile } from 'node:fs/promises'

/** A point at which strace can kill a program: the Nth call of this name that one of its threads makes. */
export interface KillPoint {
  readonly call: string
  readonly nth: number
}

const calls = ['rename', 'fsync', 'fdatasync', 'link', 'unlink', 'unlinkat', 'openat', 'ftruncate'] as const

/** In front of a program: writes down what it does to files. One thread of the pool, so that calls keep their order. */
export function recording(log: string): readonly string[] {
  return ['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-f', '-qq', '-o', log, '-e', `trace=${calls.join(',')}`]
}

/** In front of a program: ends it with SIGKILL at that point, before the call does anything. */
export function killedAt({ call, nth }: KillPoint): readonly string[] {
  const injection = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${nth}`]
  return ['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-f', '-qq', '-o', '/dev/null', ...injection]
}

/**
 * Every rename, sync, link, unlink and open for writing below the folder that the log has, as points to kill at. strace counts
 * the calls of each thread by itself and of all names alike, reading opens included.
 */
export async function killPointsIn(log: string, folder: string): Promise<readonly KillPoint[]> {
  const counted = new Map<string, number>()
  const points = new Map<string, KillPoint>()
  for (const line of (await readFile(log, 'utf8')).split('\n')) {
    const [, thread, call, rest = ''] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? []
    if (thread === undefined || call === undefined) continue
    const nth = (counted.get(`${thread} ${call}`) ?? 0) + 1
    counted.set(`${thread} ${call}`, nth)
    const changes =
      call === 'fsync' || call === 'fdatasync' || call === 'ftruncate'
        ? true
        : rest.includes(folder) && (call !== 'openat' || /O_WRONLY|O_RDWR|O_CREAT/.test(rest))
    if (changes) points.set(`${call} ${nth}`, { call, nth })
  }
  return [...points.values()]
}
