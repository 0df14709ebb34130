import { lstatSync, readdirSync, renameSync, rmSync } from 'node:fs'

/** Linux takes no path with more than 4096 bytes; this leaves room for a name and for where the folder lies. */
const longestPathBytes = 3000

/**
 * Removes a folder in which scripts may have nested folders deeper than any path is long: those below are moved up first. Links are
 * removed, never followed.
 *
 * @param folder absolute, in a folder that nobody else can enter; nothing runs in it any more
 */
export function removeTree(folder: string | Buffer): void {
  try {
    // Buffers are taken, though the types of Node 20 do not say so.
    rmSync(folder as string, { recursive: true, force: true })
  } catch (error) {
    if (!isTooLong(error)) throw error
    for (let count = 0; moveUp(folder, count) === 'moved'; count++);
    rmSync(folder as string, { recursive: true, force: true })
  }
}

/**
 * Removes what is in a folder, as `removeTree`.
 *
 * @returns whether a folder is there; a link to one stays as it is
 */
export function emptyFolder(folder: string): boolean {
  if (!isFolder(folder)) return false
  for (const name of readdirSync(folder, { encoding: 'latin1' }))
    removeTree(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]))
  return true
}

/** No link is followed at the end of the path. */
export function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Moves one folder that lies too deep to the top. */
function moveUp(folder: string | Buffer, count: number): 'moved' | 'flat' {
  const pending: Buffer[] = [Buffer.from(folder)]
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    if (here.length > longestPathBytes) {
      renameSync(here, Buffer.concat([Buffer.from(folder), Buffer.from(`/aptroot-moved-up-${count}`)]))
      return 'moved'
    }
    for (const name of readdirSync(here, { encoding: 'buffer' })) {
      const path = Buffer.concat([here, Buffer.from('/'), name])
      if (lstatSync(path).isDirectory()) pending.push(path)
    }
  }
  return 'flat'
}

function isTooLong(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENAMETOOLONG'
}
