import { createHash } from 'node:crypto'
import type { UnpackedDeb, UnpackedEntry } from '../../src/dpkg/index.ts'
import { encodeUtf8 } from '../../src/kernel/index.ts'

/**
 * What a deb installs, by path: a text is a regular file, `dir`, `link` and `hard` make the others. Folders above a path
 * come before it by themselves, as dpkg-deb writes them; an own entry for a folder sets its mode.
 */
export type Files = Readonly<Record<string, string | Special>>

type Special =
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'hard-link'; readonly target: string }

export const dir = (mode = 0o755): Special => ({ kind: 'directory', mode })
export const link = (target: string): Special => ({ kind: 'symlink', target })
export const hard = (target: string): Special => ({ kind: 'hard-link', target })

export interface DebDefinition {
  readonly version?: string
  readonly architecture?: string
  readonly multiArch?: UnpackedDeb['multiArch']
  readonly essential?: boolean
  /** More fields of the control file, in this order. */
  readonly fields?: Readonly<Record<string, string>>
  readonly files?: Files
  /** Members of control.tar: `postinst`, `conffiles`, `triggers`, … */
  readonly control?: Readonly<Record<string, string>>
  /** Default: every member of `files` brings the folders above it. */
  readonly folders?: 'as given'
}

/** When every file of these debs was changed last. */
export const debSeconds = 1_600_000_000

export function unpackedDeb(name: string, definition: DebDefinition = {}): UnpackedDeb {
  const { version = '1', architecture = 'amd64', multiArch = 'no', essential = false } = definition
  const attributes = { userId: 0, groupId: 0, modifiedSeconds: debSeconds }
  const entries = new Map<string, UnpackedEntry>()
  const md5BySha256 = new Map<string, string>()
  const addFolders = (path: string) => {
    if (definition.folders === 'as given') return
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) addFolder(path.slice(0, at))
    addFolder('')
  }
  const addFolder = (path: string, mode = 0o755) => {
    if (!entries.has(path)) entries.set(path, { path, entry: { kind: 'directory', mode, ...attributes } })
  }
  addFolder('')
  for (const [path, what] of Object.entries(definition.files ?? {})) {
    addFolders(path)
    if (typeof what === 'string') {
      const sha256 = sha256Of(what)
      md5BySha256.set(sha256, createHash('md5').update(what).digest('hex'))
      const content = { sha256, sizeBytes: encodeUtf8(what).length }
      entries.set(path, { path, entry: { kind: 'file', content, mode: 0o644, ...attributes } })
    } else if (what.kind === 'directory') {
      entries.set(path, { path, entry: { kind: 'directory', mode: what.mode, ...attributes } })
    } else if (what.kind === 'symlink') {
      entries.set(path, { path, entry: { kind: 'symlink', target: what.target, mode: 0o777, ...attributes } })
    } else entries.set(path, { path, entry: { kind: 'hard-link', target: what.target } })
  }
  const fields = {
    Package: name,
    Version: version,
    Architecture: architecture,
    ...(essential ? { Essential: 'yes' } : {}),
    ...(multiArch === 'no' ? {} : { 'Multi-Arch': multiArch }),
    Maintainer: 'Debian Tests <tests@example.org>',
    Description: `the package ${name}`,
    ...definition.fields,
  }
  const lines = Object.entries(fields).map(([field, value]) => `${field}: ${value}\n`)
  return {
    name,
    version,
    architecture,
    multiArch,
    essential,
    control: encodeUtf8(lines.join('')),
    controlFiles: Object.entries(definition.control ?? {}).map(([member, text]) => ({
      name: member,
      bytes: encodeUtf8(text),
      mode: /^(?:pre|post)(?:inst|rm)$/.test(member) ? 0o755 : 0o644,
      modifiedSeconds: debSeconds,
    })),
    entries: [...entries.values()],
    md5BySha256,
  }
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
