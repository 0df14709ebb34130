import type { TreeEntry } from '../tree/index.ts'

/** What `dpkg-divert` and `dpkg-statoverride` asked for so far; paths are byte strings without a leading slash. */
export interface Redirections {
  readonly diversions: ReadonlyMap<string, Diversion>
  readonly statOverrides: ReadonlyMap<string, StatOverride>
}

export interface Diversion {
  readonly to: string
  /** The package whose own file keeps the name; undefined for a local diversion, which holds for all packages. */
  readonly byPackage: string | undefined
}

export interface StatOverride {
  readonly mode: number
  readonly userId: number
  readonly groupId: number
}

export const noRedirections: Redirections = { diversions: new Map(), statOverrides: new Map() }

/** Another package's diversion leads a file elsewhere; lists and checksums keep its own name. */
export function placedPathOf({ diversions }: Redirections, packageName: string, path: string): string {
  const diversion = diversions.get(path)
  return diversion === undefined || diversion.byPackage === packageName ? path : diversion.to
}

export function overridden({ statOverrides }: Redirections, path: string, entry: TreeEntry): TreeEntry {
  const override = statOverrides.get(path)
  return override === undefined || entry.kind === 'symlink' ? entry : { ...entry, ...override }
}

/** The files of a root from which `readRedirections` reads, as byte strings; undefined where there is none. */
export interface RedirectionFiles {
  /** `/var/lib/dpkg/diversions`: three lines each, from, to and package, `:` for a local one. */
  readonly diversions: string | undefined
  /** `/var/lib/dpkg/statoverride`: `USER GROUP MODE PATH`, where a user may be `#` and a number. */
  readonly statOverride: string | undefined
  readonly passwd: string | undefined
  readonly group: string | undefined
}

/**
 * dpkg wrote these files, asked by scripts; a line that it would not have written is left out.
 *
 * @see dpkg-divert(1), dpkg-statoverride(1)
 */
export function readRedirections(files: RedirectionFiles): Redirections {
  const lines = (files.diversions ?? '').split('\n')
  const diversions = new Map<string, Diversion>()
  for (let at = 0; at + 2 < lines.length; at += 3) {
    const [from = '', to = '', byPackage = ''] = lines.slice(at, at + 3)
    if (!from.startsWith('/') || !to.startsWith('/')) continue
    diversions.set(from.slice(1), { to: to.slice(1), byPackage: byPackage === ':' ? undefined : byPackage })
  }
  const statOverrides = new Map<string, StatOverride>()
  for (const line of (files.statOverride ?? '').split('\n')) {
    const [, user = '', group = '', mode = '', path = ''] = /^(\S+) (\S+) ([0-7]+) \/(.+)$/.exec(line) ?? []
    const userId = idOf(user, files.passwd)
    const groupId = idOf(group, files.group)
    if (path !== '' && userId !== undefined && groupId !== undefined)
      statOverrides.set(path, { mode: Number.parseInt(mode, 8), userId, groupId })
  }
  return { diversions, statOverrides }
}

function idOf(name: string, database: string | undefined): number | undefined {
  if (name.startsWith('#')) return Number(name.slice(1))
  const line = database?.split('\n').find(each => each.startsWith(`${name}:`))
  return line === undefined ? undefined : Number(line.split(':')[2])
}
