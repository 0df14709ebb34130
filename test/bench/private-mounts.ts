import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** A folder on a file system that is known. */
export interface Place {
  readonly fileSystem: 'tmpfs' | 'ext4'
  readonly folder: string
}

const inside = 'APTROOT_BENCH_MOUNTS'

/**
 * Runs this program again in a mount namespace of its own, so that what it mounts is gone with it.
 *
 * @returns undefined when this is that program, else the exit status of the other
 */
export function inMountNamespace(): number | undefined {
  if (process.env[inside] !== undefined) return undefined
  const tried = spawnSync('unshare', ['--mount', 'true'])
  if (tried.status !== 0) {
    process.stderr.write('*** mounting is forbidden here: nothing is measured on tmpfs and ext4\n')
    return undefined
  }
  const words = ['--mount', process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  return spawnSync('unshare', words, { stdio: 'inherit', env: { ...process.env, [inside]: 'yes' } }).status ?? 1
}

/** A tmpfs, and an ext4 in a file of the scratch folder's disk; none where mounting is forbidden. */
export function mountPlaces(scratch: string): { readonly places: readonly Place[]; close(): void } {
  if (process.env[inside] === undefined) return { places: [], close: () => undefined }
  const mounted: Place[] = []
  const mount = (fileSystem: Place['fileSystem'], words: readonly string[]) => {
    const folder = mkdtempSync(join(scratch, `${fileSystem}-`))
    execFileSync('mount', [...words, folder], { stdio: 'pipe' })
    mounted.push({ fileSystem, folder })
  }
  const image = join(scratch, 'ext4.img')
  mount('tmpfs', ['-t', 'tmpfs', '-o', 'size=8g', 'aptroot-bench'])
  execFileSync('truncate', ['-s', '6G', image])
  execFileSync('mkfs.ext4', ['-q', image])
  try {
    mount('ext4', ['-o', 'loop', image])
  } catch (error) {
    process.stderr.write(`*** no loop device, so nothing is measured on ext4: ${error}\n`)
  }
  for (const { folder } of mounted) mkdirSync(join(folder, 'tmp'), { mode: 0o1777 })
  const close = () => {
    for (const { folder } of mounted) spawnSync('umount', ['-l', folder])
    rmSync(image, { force: true })
  }
  return { places: mounted, close }
}
