import type { Session } from '../../kernel/index.ts'
import type { SettingFlags, Settings } from '../../workflows/merge-settings.ts'
import type { Project } from '../../workflows/project.ts'
import { readSettings } from '../../workflows/settings.ts'
import type { Site } from '../../workflows/site.ts'
import type { World } from '../../workflows/world.ts'

/** For commands without a manifest: the project is the folder they run in. */
export function settingsOf(
  flags: SettingFlags,
  { environment, workingFolder }: Pick<World, 'environment' | 'workingFolder'>,
): Promise<Settings> {
  return readSettings(flags, { environment, workingFolder, projectFolder: workingFolder })
}

/** Where a run on this project looks and keeps what it fetched; this host's apt may name mirrors and proxies. */
export async function siteOf(
  flags: SettingFlags,
  project: Pick<Project, 'folder'>,
  { session, world }: { readonly session: Session; readonly world: World },
): Promise<Site> {
  const { readUsableHost, siteOfSettings } = await import('../../workflows/site-of-settings.ts')
  const { environment, workingFolder } = world
  const settings = await readSettings(flags, { environment, workingFolder, projectFolder: project.folder })
  // Also offline: the store keeps a Release under the addresses that it came from, the host's mirrors among them.
  const host = await readUsableHost('/', session)
  if (settings.mode === 'offline') return siteOfSettings(settings, host)
  const { readHostCredentials } = await import('../../workflows/credential-files.ts')
  return siteOfSettings(settings, host, await readHostCredentials('/'))
}
