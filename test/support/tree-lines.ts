import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { firstNames, type TreeEntry } from '../../src/tree/index.ts'

/** A path and everything that a file system says of it, in one line: type and mode, owner, time, content, first of its names. */
export function linesOfTree(tree: ReadonlyMap<string, TreeEntry>): string[] {
  const links = firstNames(tree)
  const shared = new Set(links.values())
  return [...tree].map(([path, entry]) => {
    const first = links.get(path) ?? (shared.has(path) ? path : '')
    return lineOf([
      path,
      typeOf(entry),
      entry.mode,
      entry.userId,
      entry.groupId,
      entry.modifiedSeconds,
      contentOf(entry),
      first,
    ])
  })
}

/** The same of what lies below a folder. */
export function linesOfFolder(top: string): string[] {
  const lines: string[] = []
  const firstByInode = new Map<number, string>()
  const walk = (host: Buffer, path: string) => {
    const facts = lstatSync(host)
    const first = facts.isFile() && facts.nlink > 1 ? (firstByInode.get(facts.ino) ?? path) : ''
    if (first !== '') firstByInode.set(facts.ino, first)
    const isDevice = facts.isCharacterDevice() || facts.isBlockDevice()
    const [type, content] = facts.isSymbolicLink()
      ? ['l', readlinkSync(host, 'latin1')]
      : facts.isFile()
        ? ['f', createHash('sha256').update(readFileSync(host)).digest('hex')]
        : isDevice
          ? [facts.isBlockDevice() ? 'b' : 'c', deviceText(facts.rdev)]
          : [facts.isFIFO() ? 'p' : 'd', '']
    const seconds = Math.floor(facts.mtimeMs / 1000)
    lines.push(lineOf([path, type ?? '', facts.mode & 0o7777, facts.uid, facts.gid, seconds, content ?? '', first]))
    if (!facts.isDirectory()) return
    for (const name of readdirSync(host, { encoding: 'latin1' }).sort())
      walk(Buffer.concat([host, Buffer.from(`/${name}`, 'latin1')]), path === '' ? name : `${path}/${name}`)
  }
  walk(Buffer.from(top), '')
  return lines.sort()
}

type Facts = readonly [string, string, number, number, number, number, string, string]

function lineOf([path, type, mode, ...rest]: Facts): string {
  return [`/${path}`, type, mode.toString(8).padStart(4, '0'), ...rest].join(' ')
}

function typeOf({ kind }: TreeEntry): string {
  return kind === 'symlink' ? 'l' : kind === 'fifo' ? 'p' : kind.slice(0, 1)
}

function contentOf(entry: TreeEntry): string {
  if (entry.kind === 'file') return entry.content.sha256
  if (entry.kind === 'symlink') return entry.target
  return entry.kind === 'character-device' || entry.kind === 'block-device' ? `${entry.major}:${entry.minor}` : ''
}

/** glibc's encoding of dev_t. */
function deviceText(device: number): string {
  return `${(device >>> 8) & 0xfff}:${(device & 0xff) | ((device >>> 12) & 0xfff00)}`
}
