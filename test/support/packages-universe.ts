import assert from 'node:assert/strict'
import { openUniverse, type PackagesIndex } from '../../src/archive/index.ts'
import { type BinaryPackage, describePackage } from '../../src/debian/index.ts'
import { indexOf, packagesFile, type StanzaFields } from './packages-file.ts'

/** Of amd64. */
export function universeOf(indexes: readonly PackagesIndex[], foreignArchitectures: readonly string[] = []) {
  return openUniverse({ nativeArchitecture: 'amd64', foreignArchitectures, indexes })
}

export function debian(stanzas: Readonly<Record<string, StanzaFields>>) {
  return universeOf([indexOf(packagesFile(stanzas))])
}

export function described(packages: readonly BinaryPackage[]): string[] {
  return packages.map(describePackage)
}

/** What an index says of one package, bash 5.2, with these fields beside those that every stanza has. */
export function onlyPackage(fields: StanzaFields): BinaryPackage {
  const [deb] = debian({ 'bash 5.2': fields }).packagesNamed('bash')
  assert.ok(deb)
  return deb
}
