import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RealArchive } from './real-archive.ts'

/** What an index says of one deb, read by a parser that shares nothing with aptroot's. */
export interface IndexedDeb {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly sizeBytes: number
  /** Below the served folder. */
  readonly path: string
}

const indexes = [
  ['debian', 'bookworm'],
  ['debian', 'bookworm-updates'],
  ['debian-security', 'bookworm-security'],
] as const

/** Every deb of the amd64 indexes by sha256: a line-by-line reading of what xz(1) gives. */
export function indexedDebs(archive: RealArchive): ReadonlyMap<string, IndexedDeb> {
  const debs = new Map<string, IndexedDeb>()
  for (const [folder, suite] of indexes) {
    for (const stanza of packagesText(join(archive.folder, folder, 'dists', suite, 'main/binary-amd64')).split(
      '\n\n',
    )) {
      const fields = new Map(
        stanza.split('\n').map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      )
      const sha256 = fields.get('SHA256')
      if (sha256 === undefined) continue
      debs.set(sha256, {
        name: fields.get('Package') ?? '',
        version: fields.get('Version') ?? '',
        architecture: fields.get('Architecture') ?? '',
        sizeBytes: Number(fields.get('Size')),
        path: `${folder}/${fields.get('Filename')}`,
      })
    }
  }
  return debs
}

function packagesText(folder: string): string {
  try {
    return execFileSync('xz', ['-dc', join(folder, 'Packages.xz')], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return readFileSync(join(folder, 'Packages'), 'utf8')
  }
}
