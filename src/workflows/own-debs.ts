import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { PackagesIndex } from '../archive/index.ts'
import type { Stanza } from '../debian-control-parser/index.ts'
import { Fault, isFault, type Session, sortedByBytes } from '../kernel/index.ts'
import { ownDebsAt, ownDebsOrigin } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import { confinePath } from './confine-path.ts'
import type { Project } from './project.ts'

/** More than any project has; a folder of a million names must not take a run hostage. */
const maximumDebs = 10_000

export interface OwnDebs {
  readonly index: PackagesIndex
  /** sha256 → fingerprint of the relations, of the debs that are to be locked by them. */
  readonly relations: ReadonlyMap<string, string>
}

/**
 * The project's own debs as an index: each described by its own control file, found where it lies in the project.
 *
 * @returns undefined when the manifest has no `debs:`
 * @throws {Fault} `MANIFEST_INVALID` when an archive has the name that stands for them; `MANIFEST_FILE_MISSING` when a path or glob finds nothing, `MANIFEST_PATH_OUTSIDE` also through a link, `DEB_MALFORMED`
 */
export async function ownDebsIndex(
  manifest: Manifest,
  project: Pick<Project, 'folder' | 'manifestName'>,
  session: Session,
): Promise<OwnDebs | undefined> {
  if (manifest.debs.length === 0) return undefined
  const [archive = '', suite = ''] = ownDebsOrigin.split('/')
  if (manifest.archives.some(({ id }) => id === archive))
    throw new Fault('MANIFEST_INVALID', {
      message: `${project.manifestName} has an archive with the id "${archive}", which stands for the project's own debs`,
      hint: 'Give the archive another id, or take `debs` away.',
      context: { manifest: project.manifestName, archive },
    })
  const { indexOfDebs } = await import('../archive/index.ts')
  const { packagesStanza, relationsFingerprint } = await import('../deb/index.ts')
  // A deb that one entry wants by its hash and another by its relations is locked by its hash.
  const pins = new Map<string, Manifest['debs'][number]['pin']>()
  for (const { path: pattern, pin } of manifest.debs)
    for (const path of await pathsOf(pattern, project)) pins.set(path, pins.get(path) === 'hash' ? 'hash' : pin)
  const stanzas: Uint8Array[] = []
  const relations = new Map<string, string>()
  for (const path of sortedByBytes(pins.keys())) {
    const { control, ...bytes } = await readOwnDeb(path, project, session.signal)
    stanzas.push(packagesStanza(control, { fileName: path, ...bytes }))
    if (pins.get(path) === 'relations') relations.set(bytes.sha256, relationsFingerprint(control))
  }
  return { index: indexOfDebs({ archive, suite, component: '', at: ownDebsAt }, stanzas), relations }
}

/** The files that a path or glob names, relative to the project. Only the last part has wildcards. */
async function pathsOf(pattern: string, project: Pick<Project, 'folder' | 'manifestName'>): Promise<readonly string[]> {
  const slash = pattern.lastIndexOf('/') + 1
  const folder = pattern.slice(0, slash)
  const place = await confinePath(project, folder === '' ? '.' : folder)
  const last = pattern.slice(slash)
  if (!/[*?]/.test(last)) return [pattern]
  const { pathFilter } = await import('../dpkg/index.ts')
  // In time that grows with both lengths: a pull request may bring names and patterns on which a regular expression never ends.
  const isNamed = pathFilter([`/${last}`])
  const names = await readdir(place).catch(() => [])
  // A name that an archive could not have could not be locked either.
  const found = names.filter(name => isNamed(name) && !name.startsWith('.') && /^[!-~]+$/.test(name))
  if (found.length === 0 || found.length > maximumDebs)
    throw new Fault('MANIFEST_FILE_MISSING', {
      message: `${project.manifestName} names ${JSON.stringify(pattern)}, which finds ${found.length === 0 ? 'no deb' : `more than ${maximumDebs} debs`}`,
      hint: 'Correct the path; it is relative to the folder of the manifest.',
      context: { manifest: project.manifestName, path: pattern },
    })
  return found.map(name => folder + name)
}

export interface ReadDeb {
  readonly control: Stanza
  readonly sizeBytes: number
  readonly sha256: string
}

/**
 * Reads a deb of the project. One reading gives control fields, length and digest, so that they are of the same bytes.
 *
 * @param path relative to the project
 * @throws {Fault} `MANIFEST_FILE_MISSING`, `MANIFEST_PATH_OUTSIDE`, `DEB_MALFORMED`
 */
export async function readOwnDeb(
  path: string,
  project: Pick<Project, 'folder' | 'manifestName'>,
  signal: AbortSignal,
): Promise<ReadDeb> {
  return readDebAt({ file: await confinePath(project, path), path }, project, signal)
}

/** As `readOwnDeb`, of a place that needs no confining: a vendor folder that the user named. */
export async function readDebAt(
  { file, path }: { readonly file: string; readonly path: string },
  project: Pick<Project, 'manifestName'>,
  signal: AbortSignal,
): Promise<ReadDeb> {
  const { readDebControl } = await import('../deb/index.ts')
  const { fileBytes, openPlainFile } = await import('../transfer/index.ts')
  const { handle } = await openPlainFile(file, path).catch(error => {
    if (!isFault(error)) throw error
    throw new Fault('MANIFEST_FILE_MISSING', {
      message: `${project.manifestName} names the deb ${error.message}`,
      hint: 'Build it first, or correct the path; it is relative to the folder of the manifest.',
      context: { manifest: project.manifestName, path },
      cause: error,
    })
  })
  const hash = createHash('sha256')
  let sizeBytes = 0
  const chunks = fileBytes(handle, path)
  async function* counted() {
    for (;;) {
      const next = await chunks.next()
      if (next.done === true) return
      signal.throwIfAborted()
      hash.update(next.value)
      sizeBytes += next.value.length
      yield next.value
    }
  }
  try {
    const { control } = await readDebControl(counted(), { name: path })
    // The reader stops after the control archive; the rest decides the digest.
    for await (const chunk of chunks) {
      hash.update(chunk)
      sizeBytes += chunk.length
    }
    return { control, sizeBytes, sha256: hash.digest('hex') }
  } finally {
    await chunks.return(undefined)
  }
}
