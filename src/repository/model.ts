import { compareVersions } from '../debian/index.ts'
import { compareBytes, Fault, quoted } from '../kernel/index.ts'

/** A deb of a repository. Name, version and architecture are bound to these bytes for ever. */
export interface PublishedDeb {
  readonly name: string
  readonly version: string
  /** `all` or a concrete architecture. */
  readonly architecture: string
  readonly sha256: string
  readonly sizeBytes: number
  /** Below the repository's folder: `pool/h/hello/hello_2.10-3_amd64.deb`. */
  readonly path: string
  /** Its stanza of a Packages file, ending in a newline. */
  readonly stanza: Uint8Array
}

/** `NAME_VERSION_ARCHITECTURE`: names a deb within a repository. No part of it may hold an underscore. */
export type DebKey = string

export function keyOfDeb({ name, version, architecture }: Pick<PublishedDeb, 'name' | 'version' | 'architecture'>) {
  return `${name}_${version}_${architecture}`
}

/** `NAME_VERSION`, as `sourceKey` makes it: names a source within a repository. */
export type SourceKey = string

/** What a suite says of itself in its Release. */
export interface SuiteDescription {
  readonly origin: string | undefined
  readonly label: string | undefined
  /** How long a Release is valid; undefined: for ever. */
  readonly validForSeconds: number | undefined
}

/** What is published under `dists/SUITE`. */
export interface Suite extends SuiteDescription {
  readonly name: string
  /** `release`: never changed after it was made. */
  readonly kind: 'moving' | 'release'
  /** Without `all`; sorted. Grows with the debs, and stays when they go: machines have it in their sources. */
  readonly architectures: readonly string[]
  /** Component → the debs in it, sorted by bytes. */
  readonly components: ReadonlyMap<string, readonly DebKey[]>
  /** Component → the sources in it, sorted by bytes. */
  readonly sources: ReadonlyMap<string, readonly SourceKey[]>
  /** Of the last Release; none is ever dated before the one that it follows. */
  readonly date: Date
}

/** By name, then version as dpkg compares, then architecture. */
export function comparePublished(left: PublishedDeb, right: PublishedDeb): number {
  return (
    compareBytes(left.name, right.name) ||
    compareVersions(left.version, right.version) ||
    compareBytes(left.architecture, right.architecture)
  )
}

/**
 * Suites and components become folders below `dists/` and words of a sources.list line.
 *
 * @throws {Fault} `USAGE_INVALID`
 */
export function checkPlaceName(kind: 'suite' | 'component' | 'release', name: string): string {
  if (/^[a-z0-9][a-z0-9.+-]{0,63}$/i.test(name) && !name.includes('..')) return name
  throw new Fault('USAGE_INVALID', {
    message: `${quoted(name)} cannot be the name of a ${kind}`,
    hint: 'Letters, digits, dots, plus and minus are allowed, at most 64, with a letter or digit first.',
    context: { [kind]: name },
  })
}
