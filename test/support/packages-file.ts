import { createHash } from 'node:crypto'
import { indexPackages, type PackagesIndex } from '../../src/archive/index.ts'
import { type IndexOrigin, indexFromSignedRelease, type VerifiedIndex } from '../../src/archive/verified-index.ts'
import type { ReleaseFacts } from '../../src/debian/index.ts'

const release: ReleaseFacts = {
  origin: 'Debian',
  label: 'Debian',
  suite: 'oldstable',
  codename: 'bookworm',
  version: '12.12',
  notAutomatic: false,
  butAutomaticUpgrades: false,
  host: 'mirror.example.org',
  at: '20260711T101637Z',
}

/** An origin: bookworm main of amd64 unless told otherwise. */
export function originOf(changes: Partial<IndexOrigin> = {}): IndexOrigin {
  const suite = changes.suite ?? 'bookworm'
  const component = changes.component ?? 'main'
  return {
    archive: 'debian',
    suite,
    component,
    architecture: 'amd64',
    release,
    security: false,
    fileName: `dists/${suite}/${component}/binary-amd64/Packages`,
    ...changes,
  }
}

/** A digest that stands for the deb of that text. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Fields of one stanza beside name and version; undefined takes a default field away. */
export type StanzaFields = Readonly<Record<string, string | undefined>>

/** `'bash 5.2': { Depends: 'libc6' }`: a Packages file in which every other required field has a value. */
export function packagesFile(stanzas: Readonly<Record<string, StanzaFields>>): string {
  return Object.entries(stanzas)
    .map(([title, fields]) => stanzaText(title, fields))
    .join('\n')
}

/** One stanza, its last newline included. */
export function stanzaText(title: string, fields: StanzaFields = {}): string {
  const [name = '', version = '1'] = title.split(' ')
  const architecture = fields.Architecture ?? 'amd64'
  const all: StanzaFields = {
    Package: name,
    Version: version,
    Architecture: architecture,
    Filename: `pool/main/${name.slice(0, 1)}/${name}/${name}_${version}_${architecture}.deb`,
    Size: '1000',
    SHA256: digestOf(`${name} ${version} ${architecture}`),
    ...fields,
  }
  return Object.entries(all)
    .flatMap(([field, value]) => (value === undefined ? [] : [`${field}: ${value}\n`]))
    .join('')
}

export function verifiedIndexOf(text: string, changes: Partial<IndexOrigin> = {}): VerifiedIndex {
  return indexFromSignedRelease({ origin: originOf(changes), bytes: Buffer.from(text), sha256: digestOf(text) })
}

export function indexOf(text: string, changes: Partial<IndexOrigin> = {}): PackagesIndex {
  return indexPackages(verifiedIndexOf(text, changes))
}
