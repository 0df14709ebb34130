import { createHash } from 'node:crypto'
import { type ArContent, compressGzipBytes, type TarContent, type TarEntry, writeAr } from '../../src/codec/index.ts'
import { formatStanza } from '../../src/debian-control-parser/index.ts'
import { tarEntry, tarFile, writeGnuTar } from './tar-bytes.ts'

interface EntryChanges {
  readonly mode?: number
  readonly userId?: number
  readonly groupId?: number
  readonly userName?: string
  readonly groupName?: string
  readonly modifiedSeconds?: number
}

/** Something that a deb installs. Paths are absolute, as on the system: `/usr/bin/hello`. */
export type DebEntry = EntryChanges & { readonly path: string } & (
    | { readonly kind: 'file'; readonly content: string | Uint8Array }
    | { readonly kind: 'directory' }
    | { readonly kind: 'symlink'; readonly target: string }
    | { readonly kind: 'hard-link'; readonly target: string }
    | { readonly kind: 'fifo' }
    | { readonly kind: 'character-device' | 'block-device'; readonly major: number; readonly minor: number }
  )

export interface DebDescription {
  /** Package is needed; Version 1.0, Architecture amd64, Maintainer and Description have defaults. */
  readonly control: Readonly<Record<string, string>>
  /** Control members with mode 0755. */
  readonly scripts?: Readonly<Partial<Record<'preinst' | 'postinst' | 'prerm' | 'postrm' | 'config', string>>>
  readonly conffiles?: readonly string[]
  /** Further control members with mode 0644: triggers, shlibs, templates … */
  readonly members?: Readonly<Record<string, string | Uint8Array>>
  /** Default `generated`. */
  readonly md5sums?: 'generated' | 'absent'
  /** In this order; folders that are missing are put before what lies in them. */
  readonly files?: readonly DebEntry[]
  /** Default gz. */
  readonly compression?: 'gz' | 'none'
  /** Of everything that does not say otherwise. */
  readonly modifiedSeconds?: number
}

const defaultSeconds = 1_700_000_000

/** A deb in memory, laid out as dpkg-deb does; the same description gives the same bytes. */
export function buildDeb(description: DebDescription): Uint8Array {
  const { modifiedSeconds = defaultSeconds, compression = 'gz' } = description
  const tar = (name: string, members: readonly TarContent[]): ArContent => {
    const bytes = writeGnuTar(members)
    return compression === 'gz'
      ? { name: `${name}.gz`, content: compressGzipBytes(bytes), modifiedSeconds }
      : { name, content: bytes, modifiedSeconds }
  }
  return writeAr([
    { name: 'debian-binary', content: Buffer.from('2.0\n'), modifiedSeconds },
    tar('control.tar', controlMembers(description)),
    tar('data.tar', dataMembers(description)),
  ])
}

/** The name that dpkg-deb gives the file in a pool: an epoch is left out. */
export function debFileName(description: DebDescription): string {
  const { Package, Version, Architecture } = controlFields(description)
  return `${Package}_${Version?.replace(/^\d+:/, '')}_${Architecture}.deb`
}

/** The control fields of the deb, defaults filled in. */
export function controlFields({ control }: DebDescription): Readonly<Record<string, string>> {
  if (control.Package === undefined) throw new Error('a deb needs the field Package')
  const defaults = {
    Version: '1.0',
    Architecture: 'amd64',
    Maintainer: 'Test <test@example.org>',
    Description: `${control.Package} for tests`,
  }
  // In the order of the description, then what it does not have.
  return { ...control, ...defaults, ...control }
}

function controlMembers(description: DebDescription): readonly TarContent[] {
  const { scripts = {}, conffiles = [], members = {}, md5sums = 'generated' } = description
  const modifiedSeconds = description.modifiedSeconds ?? defaultSeconds
  const changes = { modifiedSeconds }
  const { Package = '', ...others } = controlFields(description)
  const found = [
    tarEntry({ kind: 'directory', path: './', modifiedSeconds }),
    tarFile('./control', formatStanza([['Package', Package], ...Object.entries(others)]), changes),
  ]
  if (conffiles.length > 0) found.push(tarFile('./conffiles', `${conffiles.join('\n')}\n`, changes))
  if (md5sums === 'generated') found.push(tarFile('./md5sums', md5sumsOf(description), changes))
  for (const [name, content] of Object.entries(members)) found.push(tarFile(`./${name}`, content, changes))
  for (const [name, content] of Object.entries(scripts))
    found.push(tarFile(`./${name}`, content, { ...changes, mode: 0o755 }))
  return found
}

/** Of regular files but conffiles, as dh_md5sums does. */
function md5sumsOf({ files = [], conffiles = [] }: DebDescription): string {
  return files
    .flatMap(each => (each.kind === 'file' && !conffiles.includes(each.path) ? [each] : []))
    .map(({ path, content }) => `${createHash('md5').update(content).digest('hex')}  ${path.slice(1)}\n`)
    .join('')
}

function dataMembers({ files = [], modifiedSeconds = defaultSeconds }: DebDescription): readonly TarContent[] {
  const members = new Map<string, TarContent>()
  const explicit = new Set(files.map(each => each.path.replace(/\/$/, '')))
  const addFolders = (path: string) => {
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/')
      if (!members.has(`.${folder}/`) && !explicit.has(folder))
        members.set(`.${folder}/`, tarEntry({ kind: 'directory', path: `.${folder}/`, modifiedSeconds }))
    }
  }
  if (files.length === 0) addFolders('/x')
  for (const file of files) {
    addFolders(file.path)
    const member = dataMember(file, modifiedSeconds)
    members.set(member.entry.path, member)
  }
  return [...members.values()]
}

function dataMember(file: DebEntry, defaultModifiedSeconds: number): TarContent {
  if (!file.path.startsWith('/')) throw new Error(`${file.path} is not absolute`)
  const { path, modifiedSeconds = defaultModifiedSeconds } = file
  switch (file.kind) {
    case 'file': {
      const { kind: _kind, content, path: _path, ...changes } = file
      return tarFile(`.${path}`, content, { ...changes, modifiedSeconds } as Partial<TarEntry>)
    }
    case 'hard-link':
      return tarEntry({ ...file, path: `.${path}`, target: `.${file.target}`, modifiedSeconds })
    case 'directory':
      return tarEntry({ ...file, path: `.${path.replace(/\/$/, '')}/`, modifiedSeconds })
    default:
      return tarEntry({ ...file, path: `.${path}`, modifiedSeconds })
  }
}
