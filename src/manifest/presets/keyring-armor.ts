import type { KeyringName } from '../preset.ts'
import { debianArchiveKeyring, ubuntuArchiveKeyring } from './keyrings.ts'

/** ASCII armor of a key ring that ships with aptroot; undefined when it has none of that name. */
export function keyringArmorOf(name: string): string | undefined {
  return armors.get(name)
}

/** The names that `signed-by:` may use. */
export function keyringNames(): readonly string[] {
  return [...armors.keys()]
}

const armors: ReadonlyMap<string, string> = new Map<KeyringName, string>([
  ['debian-archive', debianArchiveKeyring],
  ['ubuntu-archive', ubuntuArchiveKeyring],
])
