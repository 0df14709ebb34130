import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A folder that nothing under test has any business with. */
export interface Canary {
  readonly folder: string
  /** Everything in it and about it; equal before and after when nothing touched it. */
  state(): Promise<readonly string[]>
}

export async function canaryIn(parent: string): Promise<Canary> {
  const folder = join(parent, 'canary')
  await mkdir(join(folder, 'etc'), { recursive: true })
  await writeFile(join(folder, 'etc/passwd'), 'canary:x:0:0::/:\n')
  await writeFile(join(folder, 'bird'), 'sings')
  return { folder, state: () => describeFolder(folder) }
}

/** Kind, mode, owner, times of change and content of all that is there; no link is followed. */
export async function describeFolder(folder: string): Promise<readonly string[]> {
  const lines: string[] = []
  const visit = async (path: string): Promise<void> => {
    const stats = await lstat(path)
    const facts = [path, stats.mode.toString(8), stats.uid, stats.gid, stats.size, stats.mtimeMs, stats.ctimeMs]
    if (stats.isSymbolicLink()) facts.push(await readlink(path))
    if (stats.isFile())
      facts.push(
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      )
    lines.push(facts.join(' '))
    if (stats.isDirectory()) for (const name of (await readdir(path)).sort()) await visit(join(path, name))
  }
  await visit(folder)
  return lines
}
