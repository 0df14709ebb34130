import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { BenchProject } from './project.ts'

/**
 * The deb with one file more, under the same name and version, put into the project's store.
 *
 * @param change another number gives another deb
 */
export async function changedDeb(
  original: string,
  change: number,
  project: BenchProject,
  compression: 'none' | 'xz' = 'none',
): Promise<{ readonly sha256: string; readonly sizeBytes: number }> {
  const scratch = await mkdtemp(join(tmpdir(), 'aptroot-changed-'))
  try {
    const [tree, deb] = [join(scratch, 'tree'), join(scratch, 'changed.deb')]
    const environment = { ...process.env, SOURCE_DATE_EPOCH: '1700000000' }
    execFileSync('dpkg-deb', ['-R', original, tree], { stdio: 'pipe' })
    await mkdir(join(tree, 'usr/share'), { recursive: true })
    await writeFile(join(tree, 'usr/share/changed'), `change ${change}\n`)
    execFileSync('dpkg-deb', [`-Z${compression}`, '--root-owner-group', '-b', tree, deb], {
      stdio: 'pipe',
      env: environment,
    })
    const bytes = await readFile(deb)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const place = join(project.storeFolder, 'store-v1/sha256', sha256.slice(0, 2), sha256.slice(2))
    await mkdir(dirname(place), { recursive: true })
    await copyFile(deb, place)
    return { sha256, sizeBytes: bytes.length }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
