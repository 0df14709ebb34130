import { canonicalJson, type Json } from '../../kernel/index.ts'
import type { LockedDeb } from '../../lockfile/index.ts'
import {
  type BilledDeb,
  type BilledFile,
  type BillOfMaterials,
  documentNumber,
  makerTitles,
  pathText,
  scriptNote,
} from './bill-of-materials.ts'
import { packageUrlOf } from './package-url.ts'

/**
 * A bill as a CycloneDX 1.5 document in JSON: a component for each deb, with its files as components inside it, and one for what no deb
 * brought.
 *
 * @see CycloneDX 1.5, bom-1.5.schema.json
 */
export function formatCycloneDx(bill: BillOfMaterials): string {
  const document: Json = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${documentNumber('cyclonedx', bill.identity)}`,
    version: 1,
    metadata: {
      timestamp: bill.created,
      tools: { components: [{ type: 'application', name: 'aptroot', version: bill.toolVersion }] },
      component: {
        'bom-ref': bill.subject,
        type: bill.subject === 'lock' ? 'data' : 'operating-system',
        name: bill.name,
        version: `sha256:${bill.identity}`,
      },
    },
    components: [
      ...bill.debs.map(debComponent),
      ...bill.made.map(({ maker, files }) => ({
        'bom-ref': `made/${maker}`,
        type: 'data',
        name: makerTitles[maker],
        components: files.map(fileComponent),
      })),
    ],
    dependencies: [
      {
        ref: bill.subject,
        dependsOn: bill.debs.filter(({ deb }) => deb.root !== undefined).map(each => debReference(each.deb)),
      },
      ...bill.debs.map(({ deb, needs }) => ({ ref: debReference(deb), dependsOn: needs.map(debReference) })),
    ],
  }
  return `${canonicalJson(document)}\n`
}

function debComponent({ deb, files }: BilledDeb): Json {
  return {
    'bom-ref': debReference(deb),
    type: 'library',
    name: deb.name,
    version: deb.version,
    purl: packageUrlOf(deb),
    ...(deb.sha256 === '' ? {} : { hashes: [{ alg: 'SHA-256', content: deb.sha256 }] }),
    properties: [
      property('architecture', deb.architecture),
      property('at', deb.at),
      property('from', deb.from),
      property('source', deb.sourceName),
      property('source-version', deb.sourceVersion),
    ],
    components: files === undefined || files.length === 0 ? undefined : files.map(fileComponent),
  }
}

function fileComponent(file: BilledFile): Json {
  const note = scriptNote(file)
  return {
    type: 'file',
    name: `/${pathText(file.path)}`,
    hashes: [{ alg: 'SHA-256', content: file.sha256 }],
    properties: note === undefined ? undefined : [property('origin', note)],
  }
}

/** Unlike the package URL, another one for other bytes of the same version. */
function debReference({ name, architecture, sha256 }: LockedDeb): string {
  return `${name}:${architecture}@sha256:${sha256}`
}

function property(name: string, value: string): Json {
  return { name: `aptroot:${name}`, value }
}
