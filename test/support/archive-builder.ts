import { createHash } from 'node:crypto'
import type { PrivateKey } from 'openpgp'
import { parseSourceReference } from '../../src/debian/index.ts'
import { formatStanza } from '../../src/debian-control-parser/index.ts'
import { buildDeb, controlFields, type DebDescription, debFileName } from './deb-builder.ts'
import { type SuiteRequest, signedSuite } from './signed-suite.ts'

export interface ArchivedPackage extends DebDescription {
  /** Default: the name that dpkg-deb gives it. */
  readonly fileName?: string
}

export interface ArchiveSuite {
  /** Name of the folder below `dists/`, and the Suite of its Release. */
  readonly suite: string
  readonly codename: string
  /** Of the Release and its signatures. */
  readonly date: Date
  readonly label: string
  /** Concrete ones; packages of `all` are listed in the index of each, as Debian does. */
  readonly architectures: readonly string[]
  /** All of the component main. */
  readonly packages: readonly ArchivedPackage[]
  readonly keys: readonly PrivateKey[]
  /** Of the Release, beside those that follow from the above. */
  readonly fields?: Readonly<Record<string, string>>
}

/** Files of an archive by their path below its address, as Debian lays them out: `dists/` and `pool/`, really signed. */
export async function buildArchive(suites: readonly ArchiveSuite[]): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {}
  for (const suite of suites) Object.assign(files, await suiteFiles(suite))
  return files
}

async function suiteFiles(suite: ArchiveSuite): Promise<Record<string, Uint8Array>> {
  const pool: Record<string, Uint8Array> = {}
  const indexes: Record<string, string> = Object.fromEntries(
    suite.architectures.map(architecture => [`main/binary-${architecture}`, '']),
  )
  for (const described of suite.packages) {
    const bytes = buildDeb(described)
    const path = poolPath(described)
    if (path in pool) throw new Error(`two packages have the file ${path}`)
    pool[path] = bytes
    const stanza = `${indexStanza(described, path, bytes)}\n`
    const { Architecture } = controlFields(described)
    for (const architecture of suite.architectures)
      if (Architecture === 'all' || Architecture === architecture) indexes[`main/binary-${architecture}`] += stanza
  }
  return { ...pool, ...(await signedSuite(suiteRequest(suite, indexes))) }
}

function suiteRequest(suite: ArchiveSuite, indexes: Readonly<Record<string, string>>): SuiteRequest {
  return {
    folder: `dists/${suite.suite}`,
    indexes,
    fields: {
      Origin: 'Demo',
      Label: suite.label,
      Suite: suite.suite,
      Codename: suite.codename,
      Date: suite.date.toUTCString().replace('GMT', 'UTC'),
      'No-Support-for-Architecture-all': 'Packages',
      Architectures: ['all', ...suite.architectures].join(' '),
      ...suite.fields,
    },
    signature: 'both',
    keys: suite.keys,
    date: suite.date,
  }
}

/** What a Packages file says of a deb: its control fields, then where the file is and how it is recognised. */
function indexStanza(described: ArchivedPackage, path: string, bytes: Uint8Array): string {
  const { Package = '', ...others } = controlFields(described)
  return formatStanza([
    ['Package', Package],
    ...Object.entries(others),
    ['Filename', path],
    ['Size', String(bytes.length)],
    ['MD5sum', createHash('md5').update(bytes).digest('hex')],
    ['SHA256', createHash('sha256').update(bytes).digest('hex')],
  ])
}

/** `pool/main/n/nginx/…`, `pool/main/libs/libssh/…`. */
function poolPath(described: ArchivedPackage): string {
  const { Package: name = '', Version: version = '', Source } = controlFields(described)
  const source = parseSourceReference(Source, { name, version }).name
  const prefix = source.slice(0, source.startsWith('lib') ? 4 : 1)
  return `pool/main/${prefix}/${source}/${described.fileName ?? debFileName(described)}`
}
