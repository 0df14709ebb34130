import type { Customisation } from '../manifest/index.ts'

/** A file or link that follows from the manifest alone. */
export type MadeFile = {
  /** Without a slash at the beginning. */
  readonly path: string
} & ({ readonly kind: 'file'; readonly bytes: Uint8Array } | { readonly kind: 'symlink'; readonly target: string })

/** Where apt looks for sources and their keys. @see sources.list(5) */
const sourcesFolder = 'etc/apt/sources.list.d'
const keyringsFolder = 'etc/apt/keyrings'

/** One archive as the finished system knows it. */
export interface ImageSource {
  readonly id: string
  /** Addresses that need neither password nor this site. */
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  readonly architectures: readonly string[] | undefined
  /** Bytes of its keys, armored or not; undefined: it has no signature, and the manifest says why that is right. */
  readonly keys: Uint8Array | undefined
}

/** Host name, time zone, kernel settings and apt's sources as files: no program is needed for them. */
export function madeFiles(
  { hostname, timezone, sysctl }: Pick<Customisation, 'hostname' | 'timezone' | 'sysctl'>,
  sources: readonly ImageSource[],
): readonly MadeFile[] {
  return [
    ...(hostname === undefined ? [] : [file('etc/hostname', `${hostname}\n`)]),
    ...(timezone === undefined ? [] : zoneFiles(timezone)),
    ...(sysctl.length === 0
      ? []
      : [file('etc/sysctl.d/60-image.conf', sysctl.map(([name, value]) => `${name} = ${value}\n`).join(''))]),
    ...sources.flatMap(sourceFiles),
  ]
}

/** @see localtime(5); Debian's own programs still read /etc/timezone */
function zoneFiles(timezone: string): readonly MadeFile[] {
  return [
    { kind: 'symlink', path: 'etc/localtime', target: `/${zonePath(timezone)}` },
    file('etc/timezone', `${timezone}\n`),
  ]
}

/** Where tzdata has a zone. */
export function zonePath(timezone: string): string {
  return `usr/share/zoneinfo/${timezone}`
}

function sourceFiles({ keys, ...source }: ImageSource): readonly MadeFile[] {
  const keyring = keys === undefined ? undefined : `${keyringsFolder}/${source.id}.${isArmored(keys) ? 'asc' : 'gpg'}`
  const fields: readonly (readonly [name: string, value: string | undefined])[] = [
    ['Types', 'deb'],
    ['URIs', source.uris.join(' ')],
    ['Suites', source.suites.join(' ')],
    ['Components', source.components.length === 0 ? undefined : source.components.join(' ')],
    ['Architectures', source.architectures?.join(' ')],
    ['Signed-By', keyring === undefined ? undefined : `/${keyring}`],
    ['Trusted', keyring === undefined ? 'yes' : undefined],
  ]
  const lines = fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\n`]))
  return [
    ...(keyring === undefined || keys === undefined ? [] : [{ kind: 'file' as const, path: keyring, bytes: keys }]),
    file(`${sourcesFolder}/${source.id}.sources`, lines.join('')),
  ]
}

/** apt tells the two apart by the name of the file. */
function isArmored(keys: Uint8Array): boolean {
  return Buffer.from(keys).toString('latin1').includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')
}

function file(path: string, text: string): MadeFile {
  return { kind: 'file', path, bytes: Buffer.from(text) }
}
