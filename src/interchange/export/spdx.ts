import { createHash } from 'node:crypto'
import { debFileName } from '../../fetch/index.ts'
import { canonicalJson, type Json } from '../../kernel/index.ts'
import type { LockedDeb } from '../../lockfile/index.ts'
import {
  type BilledDeb,
  type BilledFile,
  type BillOfMaterials,
  documentNumber,
  type FileMaker,
  makerTitles,
  pathText,
  scriptNote,
} from './bill-of-materials.ts'
import { packageUrlOf } from './package-url.ts'

/**
 * A bill as an SPDX 2.3 document in JSON: the lock or image as a package that contains a package for each deb, and one for what no deb
 * brought; each file is contained in exactly one of them.
 *
 * @see SPDX specification 2.3 and its JSON schema; a file's SHA1 is mandatory there (8.4), the other digests are not
 */
export function formatSpdx(bill: BillOfMaterials): string {
  const top = `SPDXRef-${bill.subject === 'lock' ? 'Lock' : 'Image'}`
  const debs = bill.debs.map(billed => ({ billed, id: debId(billed.deb) }))
  const made = bill.made.map(({ maker, files }) => ({ maker, files, id: `SPDXRef-Made-${maker}` }))
  const contents = [
    ...debs.flatMap(({ billed, id }) => (billed.files ?? []).map(file => ({ id, file }))),
    ...made.flatMap(({ files, id }) => files.map(file => ({ id, file }))),
  ]
  const document: Json = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: bill.name,
    documentNamespace: `https://spdx.org/spdxdocs/aptroot-${documentNumber('spdx', bill.identity)}`,
    creationInfo: { created: bill.created, creators: [`Tool: aptroot-${bill.toolVersion}`] },
    packages: [
      topPackage(bill, top),
      ...debs.map(({ billed, id }) => debPackage(billed, id)),
      ...made.map(({ maker, files, id }) => madePackage(maker, files, id)),
    ],
    files: contents.length === 0 ? undefined : contents.map(({ file }) => fileOf(file)),
    relationships: [
      relationship('SPDXRef-DOCUMENT', 'DESCRIBES', top),
      ...[...debs, ...made].map(({ id }) => relationship(top, 'CONTAINS', id)),
      ...debs.flatMap(({ billed, id }) => billed.needs.map(need => relationship(id, 'DEPENDS_ON', debId(need)))),
      ...contents.map(({ id, file }) => relationship(id, 'CONTAINS', fileId(file))),
    ],
  }
  return `${canonicalJson(document)}\n`
}

const unknown = 'NOASSERTION'
const unknownLicence = { licenseConcluded: unknown, licenseDeclared: unknown, copyrightText: unknown }

// No primaryPackagePurpose: the specification writes OPERATING-SYSTEM, its schema OPERATING_SYSTEM, and validators know one of them.
function topPackage({ name, identity }: BillOfMaterials, id: string): Json {
  return {
    SPDXID: id,
    name,
    versionInfo: `sha256:${identity}`,
    downloadLocation: unknown,
    filesAnalyzed: false,
    ...unknownLicence,
  }
}

function debPackage({ deb, files }: BilledDeb, id: string): Json {
  return {
    SPDXID: id,
    name: deb.name,
    versionInfo: deb.version,
    packageFileName: debFileName(deb),
    downloadLocation: unknown,
    ...analysis(files),
    // Of an own deb that is locked by its relations no lock knows the bytes; a build does.
    ...(deb.sha256 === '' ? {} : { checksums: [{ algorithm: 'SHA256', checksumValue: deb.sha256 }] }),
    sourceInfo: `built from source package ${deb.sourceName} ${deb.sourceVersion}`,
    comment: `locked from ${deb.from} at ${deb.at}`,
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: packageUrlOf(deb) },
    ],
    ...unknownLicence,
  }
}

function madePackage(maker: FileMaker, files: readonly BilledFile[], id: string): Json {
  return { SPDXID: id, name: makerTitles[maker], downloadLocation: unknown, ...analysis(files), ...unknownLicence }
}

/** The verification code is the SHA1 of the files' SHA1s in order, written one after the other (7.9). */
function analysis(files: readonly BilledFile[] | undefined): { readonly [name: string]: Json } {
  if (files === undefined || files.length === 0) return { filesAnalyzed: false }
  const sums = files.map(({ sha1 }) => sha1).sort()
  const code = createHash('sha1').update(sums.join('')).digest('hex')
  return { filesAnalyzed: true, packageVerificationCode: { packageVerificationCodeValue: code } }
}

function fileOf(file: BilledFile): Json {
  return {
    SPDXID: fileId(file),
    fileName: `./${pathText(file.path)}`,
    checksums: [
      { algorithm: 'SHA1', checksumValue: file.sha1 },
      { algorithm: 'SHA256', checksumValue: file.sha256 },
    ],
    licenseConcluded: unknown,
    copyrightText: unknown,
    comment: scriptNote(file),
  }
}

/** Letters, digits, `.` and `-` are allowed; the digest keeps apart what they cannot (`g++`, `g--`). */
function debId({ name, architecture, sha256 }: LockedDeb): string {
  return `SPDXRef-Deb-${name.replaceAll('+', '-')}-${architecture}-${sha256.slice(0, 16)}`
}

function fileId({ path }: BilledFile): string {
  return `SPDXRef-File-${createHash('sha256').update(path, 'latin1').digest('hex').slice(0, 32)}`
}

function relationship(from: string, relationshipType: string, to: string): Json {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to }
}
