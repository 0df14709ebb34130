import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/**
 * A file system of its own for one test. Mounting needs root and may be forbidden in a container; CI runs as root and must not skip.
 *
 * @param options of tmpfs(5)
 */
export async function mountedFolder(options: string): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'aptroot-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'aptroot-test', folder], { stdio: 'pipe' })
  } catch (error) {
    await rm(folder, { recursive: true })
    if (process.env.CI === 'true') throw error
    return undefined
  }
  onTestFinished(async () => {
    execFileSync('umount', ['-l', folder])
    await rm(folder, { recursive: true })
  })
  return folder
}

export function makeReadOnly(folder: string): void {
  execFileSync('mount', ['-o', 'remount,ro', folder])
}
