import { join, resolve } from 'node:path'
import { Fault } from '../../kernel/index.ts'
import type { World } from '../../workflows/world.ts'

export interface PlaceSettings {
  /** Absolute. */
  readonly storeFolder: string
  /** Where the settings come from, highest precedence first; for `doctor`. */
  readonly sources: readonly string[]
}

/** Flags, then variables, then defaults. */
export async function settingsOf(
  flags: { readonly store?: string | undefined },
  world: Pick<World, 'environment' | 'workingFolder'>,
): Promise<PlaceSettings> {
  const { environment, workingFolder } = world
  if (flags.store !== undefined) return { storeFolder: resolve(workingFolder, flags.store), sources: ['--store'] }
  if (isSet(environment.APTROOT_STORE))
    return { storeFolder: resolve(workingFolder, environment.APTROOT_STORE), sources: ['APTROOT_STORE'] }
  if (isSet(environment.XDG_CACHE_HOME))
    return { storeFolder: join(environment.XDG_CACHE_HOME, 'aptroot'), sources: [] }
  if (isSet(environment.HOME)) return { storeFolder: join(environment.HOME, '.cache/aptroot'), sources: [] }
  throw new Fault('SETTINGS_INVALID', {
    message: 'no place for the store: neither APTROOT_STORE nor XDG_CACHE_HOME nor HOME is set',
    hint: 'Name a folder with --store DIR.',
  })
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}
