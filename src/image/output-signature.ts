import { createHash } from 'node:crypto'
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs'

/**
 * What tells that nobody touched an output since it was written: of the file, or of a folder and all below it, where it lies on the disk
 * (device and inode), kind, mode, owner, size, and both times to the nanosecond. Contents are not read: whoever writes to a file, also with
 * its old size and its old modification time set again, moves its change time, which no program can set.
 *
 * @returns undefined where there is nothing
 */
export function outputSignature(path: string): string | undefined {
  const top = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (top === undefined) return undefined
  const hash = createHash('sha256').update(`${lineOf('', top)}\n`)
  const pending = top.isDirectory() ? [''] : []
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const host = Buffer.concat([Buffer.from(path), Buffer.from(folder, 'latin1')])
    for (const name of readdirSync(host, { encoding: 'latin1' }).sort()) {
      const below = `${folder}/${name}`
      const stats = lstatSync(Buffer.concat([host, Buffer.from(`/${name}`, 'latin1')]), { bigint: true })
      hash.update(`${lineOf(below, stats)}\0`, 'latin1')
      if (stats.isDirectory()) pending.push(below)
    }
  }
  return hash.digest('hex')
}

function lineOf(path: string, { dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [path, dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs].join('\0')
}
