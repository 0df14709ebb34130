import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SettingFlags } from '../../src/workflows/merge-settings.ts'
import { readSettings } from '../../src/workflows/settings.ts'
import { scratchFolder } from './scratch.ts'

/** The places that settings come from, as texts. */
export interface Given {
  readonly flags?: SettingFlags
  readonly environment?: Readonly<Record<string, string>>
  readonly project?: string
  readonly user?: string
}

/** A home and a project with these files. */
export async function placeOf({ environment = {}, project, user }: Given) {
  const folder = await scratchFolder()
  const home = join(folder, 'home')
  const projectFolder = join(folder, 'project')
  await mkdir(projectFolder)
  const files = [
    [join(projectFolder, '.aptroot/settings.yaml'), project],
    [join(home, '.config/aptroot/settings.yaml'), user],
  ] as const
  for (const [path, text] of files) {
    if (text === undefined) continue
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  return { environment: { HOME: home, ...environment }, workingFolder: projectFolder, projectFolder, home }
}

export async function settings(given: Given) {
  return readSettings(given.flags ?? {}, await placeOf(given))
}
