import { createHash } from 'node:crypto'
import { concatBytes } from '../kernel/index.ts'
import { indexPackages, type PackagesIndex } from './packages-index/packages-index.ts'
import { indexTrustedByManifest } from './verified-index.ts'

/** Whose debs they are; what a Release would say of them is not known. */
export interface DebOrigin {
  readonly archive: string
  readonly suite: string
  readonly component: string
  /** `20260711T101637Z` */
  readonly at: string
}

/**
 * An index of debs that were read themselves, made of their own control fields: debs whose digest was compared with the lock, or
 * that the manifest names as own ones. So they are looked up like any other.
 *
 * @param stanzas as `packagesStanza` writes them
 * @throws {Fault} `INDEX_MALFORMED`
 */
export function indexOfDebs({ at, ...origin }: DebOrigin, stanzas: readonly Uint8Array[]): PackagesIndex {
  const bytes = concatBytes(stanzas.flatMap(stanza => [stanza, Buffer.from('\n')]))
  const release = {
    origin: undefined,
    label: undefined,
    suite: origin.suite,
    codename: undefined,
    version: undefined,
    notAutomatic: false,
    butAutomaticUpgrades: false,
    host: '',
    at,
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const place = { ...origin, architecture: undefined, release, security: false, fileName: `debs of ${origin.archive}` }
  return indexPackages(indexTrustedByManifest({ origin: place, sha256, bytes }))
}
