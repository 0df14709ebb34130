import { createHash } from 'node:crypto'
import type { PrivateKey } from 'openpgp'
import { compressGzipBytes } from '../../src/codec/index.ts'
import type { ArchiveDefinition } from '../../src/manifest/index.ts'
import { clearSign, detachedSign, type SigningOptions } from './signing.ts'

export type HashField = 'MD5Sum' | 'SHA1' | 'SHA256' | 'SHA512'

export interface SuiteRequest extends SigningOptions {
  /** `dists/stable`; empty for a flat repository. */
  readonly folder?: string
  /** Fields of the Release beside the lists of files; undefined takes a default field away. */
  readonly fields?: Readonly<Record<string, string | undefined>>
  /** `main/binary-amd64` (empty for a flat repository) → text of Packages. */
  readonly indexes?: Readonly<Record<string, string>>
  /** Forms of each index that are served and listed. Default: plain and gz. */
  readonly forms?: readonly ('plain' | 'gz')[]
  readonly hashes?: readonly HashField[]
  readonly keys: readonly PrivateKey[]
  /** Default: InRelease alone; `both` as Debian's own archive has it. */
  readonly signature?: 'inline' | 'detached' | 'both' | 'none'
  /** Where index files are served. Default: by name and by hash. */
  readonly served?: 'by-name' | 'by-hash' | 'both'
}

const defaultHashes: readonly HashField[] = ['MD5Sum', 'SHA256']

/** Files of one really signed suite, by their path below the archive's address. */
export async function signedSuite(request: SuiteRequest): Promise<Record<string, Uint8Array>> {
  const { folder = 'dists/stable', served = 'both', forms = ['plain', 'gz'], hashes = defaultHashes } = request
  const below = (path: string) => (folder === '' ? path : `${folder}/${path}`)
  const files: Record<string, Uint8Array> = {}
  const listed: [string, Uint8Array][] = []
  for (const [place, text] of Object.entries(request.indexes ?? { 'main/binary-amd64': '' })) {
    const plain = new TextEncoder().encode(text)
    const prefix = place === '' ? '' : `${place}/`
    for (const form of forms) {
      const bytes = form === 'plain' ? plain : compressGzipBytes(plain)
      const path = `${prefix}Packages${form === 'gz' ? '.gz' : ''}`
      listed.push([path, bytes])
      if (served !== 'by-hash') files[below(path)] = bytes
      if (served !== 'by-name')
        for (const field of hashes)
          if (field === 'SHA256' || field === 'SHA512')
            files[below(`${prefix}by-hash/${field}/${hexDigest(field.toLowerCase(), bytes)}`)] = bytes
    }
  }
  const text = releaseText(request, listed)
  const bytes = new TextEncoder().encode(text)
  const { signature = 'inline' } = request
  if (signature === 'inline' || signature === 'both')
    files[below('InRelease')] = await clearSign(text, request.keys, request)
  if (signature !== 'inline') files[below('Release')] = bytes
  if (signature === 'detached' || signature === 'both')
    files[below('Release.gpg')] = await detachedSign(bytes, request.keys, request)
  return files
}

export function releaseText(
  request: Pick<SuiteRequest, 'fields' | 'hashes'>,
  files: readonly [string, Uint8Array][],
): string {
  const fields = {
    Origin: 'Test',
    Suite: 'stable',
    Codename: 'trusty',
    Date: 'Thu, 15 Jan 2026 10:00:00 UTC',
    'Acquire-By-Hash': 'yes',
    Architectures: 'amd64 arm64',
    Components: 'main',
    ...request.fields,
  }
  let text = ''
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) text += `${name}: ${value}\n`
  for (const field of request.hashes ?? defaultHashes) {
    text += `${field}:\n`
    const algorithm = field === 'MD5Sum' ? 'md5' : field.toLowerCase()
    for (const [path, bytes] of files) text += ` ${hexDigest(algorithm, bytes)} ${bytes.length} ${path}\n`
  }
  return text
}

/** An archive as a manifest defines it. */
export function archiveOf(
  uri: string,
  key: PrivateKey | undefined,
  changes: Partial<ArchiveDefinition> = {},
): ArchiveDefinition {
  return {
    id: 'test',
    uris: [uri],
    suites: ['stable'],
    components: ['main'],
    architectures: undefined,
    trust:
      key === undefined
        ? { kind: 'unsigned', reason: 'a test' }
        : { kind: 'signed-by', signedBy: { kind: 'inline', armor: key.toPublic().armor() } },
    snapshot: undefined,
    maxAgeSeconds: undefined,
    security: false,
    position: { line: 1, column: 1 },
    ...changes,
  }
}

function hexDigest(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex')
}
