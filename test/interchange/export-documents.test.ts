import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { billOfLock, formatCycloneDx, formatSpdx } from '../../src/interchange/index.ts'
import { lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'

const debs = [
  lockedDeb('g++:amd64=4:12.2.0-3', { root: 'wanted', needs: ['libc6'], at: '20250101T000000Z' }),
  lockedDeb('g++:arm64=4:12.2.0-3', { root: 'wanted', needs: ['libc6'] }),
  lockedDeb('libc6:amd64=2.36-9', { sourceName: 'glibc', needs: ['tzdata'] }),
  lockedDeb('libc6:arm64=2.36-9', { sourceName: 'glibc', needs: ['tzdata'] }),
  lockedDeb('tzdata:all=2024a-0', {}),
]
const request = requestWith({ architectures: ['amd64', 'arm64'], wanted: ['g++'] })
const of = { roots: ['amd64', 'arm64'], name: 'aptroot.lock', toolVersion: '0.1.0' }
const bill = billOfLock(lockWith(debs, { request }), of)

interface Spdx {
  readonly [name: string]: unknown
  readonly packages: readonly { readonly SPDXID: string; readonly name: string; readonly [name: string]: unknown }[]
  readonly relationships: readonly { readonly [name: string]: string }[]
}
interface CycloneDx {
  readonly [name: string]: unknown
  readonly components: readonly { readonly 'bom-ref': string; readonly [name: string]: unknown }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

for (const [name, format] of [['SPDX', formatSpdx] as const, ['CycloneDX', formatCycloneDx] as const])
  describe(`${name} of a lock`, () => {
    test('is the same for the same debs in any order, and ends with a newline', () => {
      const permuted = billOfLock(lockWith([...debs].reverse(), { request }), of)
      assert.equal(format(permuted), format(bill))
      assert.match(format(bill), /\}\n$/)
    })

    test('is another document, with another number, for another deb or other roots', () => {
      const numberOf = (text: string) =>
        /[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/.exec(text)?.[0]
      const numbers = [
        bill,
        billOfLock(lockWith(debs, { request }), { ...of, roots: ['amd64'] }),
        billOfLock(lockWith([...debs, lockedDeb('tar:amd64=1')], { request }), of),
      ].map(each => numberOf(format(each)))
      assert.equal(new Set(numbers).size, 3)
      assert.ok(numbers.every(number => number !== undefined))
    })

    test('was created when the youngest deb was locked', () => assert.match(format(bill), /"2026-07-11T10:16:37Z"/))
  })

describe('an SPDX document', () => {
  const document = JSON.parse(formatSpdx(bill)) as Spdx

  test('has what SPDX 2.3 demands of a document', () => {
    assert.equal(document.spdxVersion, 'SPDX-2.3')
    assert.equal(document.dataLicense, 'CC0-1.0')
    assert.equal(document.SPDXID, 'SPDXRef-DOCUMENT')
    assert.match(String(document.documentNamespace), /^https:\/\/[^#]+$/)
    assert.deepEqual(document.creationInfo, { created: '2026-07-11T10:16:37Z', creators: ['Tool: aptroot-0.1.0'] })
  })

  test('names each package with name, id and download location, and each id once', () => {
    assert.equal(document.packages.length, 1 + debs.length)
    for (const each of document.packages) {
      assert.match(each.SPDXID, /^SPDXRef-[A-Za-z0-9.-]+$/)
      assert.equal(each.downloadLocation, 'NOASSERTION')
      assert.equal(each.filesAnalyzed, false)
    }
    assert.equal(new Set(document.packages.map(each => each.SPDXID)).size, document.packages.length)
  })

  test('identifies a deb by digest and package URL, and names its source', () => {
    const found = document.packages.find(each => each.packageFileName === 'libc6_2.36-9_amd64.deb')
    assert.deepEqual(found?.checksums, [{ algorithm: 'SHA256', checksumValue: debs[2]?.sha256 }])
    assert.match(JSON.stringify(found?.externalRefs), /pkg:deb\/debian\/libc6@2.36-9\?arch=amd64&distro=debian-12/)
    assert.equal(found?.sourceInfo, 'built from source package glibc 2.36-9')
  })

  test('relates only what it holds: the lock contains debs, and debs depend on debs of their root', () => {
    const ids = new Map(document.packages.map(each => [each.SPDXID, each]))
    const wordOf = (id = '') => String(ids.get(id)?.packageFileName ?? ids.get(id)?.name ?? id)
    const words = document.relationships.map(
      each => `${wordOf(each.spdxElementId)} ${each.relationshipType} ${wordOf(each.relatedSpdxElement)}`,
    )
    assert.ok(words.includes('SPDXRef-DOCUMENT DESCRIBES aptroot.lock'))
    assert.ok(words.includes('aptroot.lock CONTAINS tzdata_2024a-0_all.deb'))
    assert.ok(words.includes('g++_12.2.0-3_arm64.deb DEPENDS_ON libc6_2.36-9_arm64.deb'))
    assert.ok(!words.includes('g++_12.2.0-3_arm64.deb DEPENDS_ON libc6_2.36-9_amd64.deb'))
  })
})

describe('a CycloneDX document', () => {
  const document = JSON.parse(formatCycloneDx(bill)) as CycloneDx

  test('has what CycloneDX 1.5 demands', () => {
    assert.equal(document.bomFormat, 'CycloneDX')
    assert.equal(document.specVersion, '1.5')
    assert.equal(document.version, 1)
    assert.match(String(document.serialNumber), /^urn:uuid:[0-9a-f-]{36}$/)
    for (const each of document.components) assert.equal(each.type, 'library')
  })

  test('has a component for each deb and a dependency for each of them', () => {
    const references = document.components.map(each => each['bom-ref'])
    assert.equal(new Set(references).size, debs.length)
    assert.deepEqual(
      document.dependencies.map(each => each.ref),
      ['lock', ...references],
    )
    for (const { dependsOn } of document.dependencies)
      for (const reference of dependsOn) assert.ok(references.includes(reference), reference)
    assert.equal(document.dependencies[0]?.dependsOn.length, 2)
  })
})
