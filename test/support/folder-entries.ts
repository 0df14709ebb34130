import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { TreeEntry } from '../../src/tree/index.ts'

/** A real folder as entries of a tree, by byte string; inode numbers are those of the file system, where names share one. */
export function readFolder(folder: string): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>()
  const visit = (path: string) => {
    const real = Buffer.from(join(folder, 'x').slice(0, -1) + path, 'latin1')
    const stat = lstatSync(real)
    const attributes = {
      mode: stat.mode & 0o7777,
      userId: stat.uid,
      groupId: stat.gid,
      modifiedSeconds: Math.floor(stat.mtimeMs / 1000),
    }
    if (stat.isDirectory()) {
      entries.set(path, { kind: 'directory', ...attributes })
      for (const name of readdirSync(real, { encoding: 'latin1' })) visit(path === '' ? name : `${path}/${name}`)
    } else if (stat.isSymbolicLink()) {
      entries.set(path, { kind: 'symlink', target: readlinkSync(real, { encoding: 'latin1' }), ...attributes })
    } else if (stat.isFile()) {
      const sha256 = createHash('sha256').update(readFileSync(real)).digest('hex')
      const inode = stat.nlink > 1 ? stat.ino : undefined
      entries.set(path, { kind: 'file', content: { sha256, sizeBytes: stat.size }, inode, ...attributes })
    } else if (stat.isFIFO()) entries.set(path, { kind: 'fifo', ...attributes })
    else throw new Error(`/${path} is a device or socket`)
  }
  visit('')
  return entries
}
