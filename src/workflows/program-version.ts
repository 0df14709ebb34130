import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { World } from './world.ts'

/** The version of this aptroot, as its package says. */
export async function readProgramVersion({ packageFolder }: Pick<World, 'packageFolder'>): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string }
  return version
}
