import { createHash } from 'node:crypto'
import { type LockedDeb, type Lockfile, type LockRequest, lockFormat } from '../../src/lockfile/index.ts'

/** A digest that depends on the text alone. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export function requestWith(parts: Partial<LockRequest> = {}): LockRequest {
  return {
    architectures: ['amd64'],
    archives: ['debian bookworm main'],
    base: 'none',
    recommends: false,
    wanted: [],
    exclude: [],
    sameVersion: false,
    phasedUpdates: 'always',
    pins: [],
    debs: [],
    ...parts,
  }
}

/** `bash:amd64=5.2-1` with fields that follow from it, unless they are given. */
export function lockedDeb(title: string, parts: Partial<LockedDeb> = {}): LockedDeb {
  const [, name = '', architecture = '', version = ''] = /^(.+?):(.+?)=(.+)$/.exec(title) ?? []
  return {
    name,
    architecture,
    version,
    sourceName: parts.sourceName ?? name,
    sourceVersion: version,
    sha256: digestOf(title),
    sizeBytes: 1000,
    from: 'debian/bookworm/main',
    at: '20260711T101637Z',
    directory: `pool/main/${(parts.sourceName ?? name).slice(0, 1)}/${parts.sourceName ?? name}`,
    file: undefined,
    root: undefined,
    needs: [],
    roots: undefined,
    ...parts,
  }
}

export function lockWith(debs: readonly LockedDeb[], parts: Partial<Lockfile> = {}): Lockfile {
  return { format: lockFormat, request: requestWith(), keys: new Map(), debs, unknown: new Map(), ...parts }
}
