import { createHash } from 'node:crypto'
import { openDeb, packagesStanza } from '../deb/index.ts'
import {
  checkArchitecture,
  isPackageName,
  parseSourceReference,
  poolPathProblem,
  versionProblem,
} from '../debian/index.ts'
import type { Stanza } from '../debian-control-parser/index.ts'
import { Fault, quoted } from '../kernel/index.ts'
import type { PublishedDeb } from './model.ts'
import { poolFolder } from './pool-folder.ts'

/** A deb that somebody wants to publish. */
export interface OfferedDeb {
  readonly deb: PublishedDeb
  /** What it installs, directories left out: byte strings without a slash at the beginning. */
  readonly contents: readonly string[]
  /** Its bytes, as often as asked. */
  readonly content: () => AsyncIterable<Uint8Array>
}

export interface DebSource {
  /** For messages: the file as the user named it. */
  readonly name: string
  /** Opens the deb from its beginning. */
  readonly content: () => AsyncIterable<Uint8Array>
  /** Where it lies in the pool, where that is not for us to say. */
  readonly path?: string | undefined
}

/**
 * Reads a deb to its end: only then is it known to be sound.
 *
 * @throws {Fault} as `openDeb`; `DEB_MALFORMED` for a name, version or architecture that no index could hold
 */
export async function describeDeb(source: DebSource): Promise<OfferedDeb> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  async function* counted() {
    for await (const chunk of source.content()) {
      hash.update(chunk)
      sizeBytes += chunk.length
      yield chunk
    }
  }
  const { control, entryEvents } = await openDeb(counted(), source)
  const contents: string[] = []
  for await (const events of entryEvents())
    for (const event of events)
      if (event.kind === 'entry' && event.entry.kind !== 'directory') {
        const path = event.entry.path.replace(/^\.?\/+/, '')
        // A line of Contents ends at a newline; dpkg installs such a path all the same.
        if (!path.includes('\n')) contents.push(path)
      }
  const identity = identityOf(control, source.name)
  const path = source.path === undefined ? poolPath(identity, control, source.name) : checkedPath(source.path)
  const sha256 = hash.digest('hex')
  const stanza = packagesStanza(control, { fileName: path, sizeBytes, sha256 })
  return { deb: { ...identity, sha256, sizeBytes, path, stanza }, contents, content: source.content }
}

type Identity = Pick<PublishedDeb, 'name' | 'version' | 'architecture'>

function identityOf(control: Stanza, file: string): Identity {
  const name = control.field('Package') ?? ''
  const version = control.field('Version') ?? ''
  const architecture = control.field('Architecture') ?? ''
  if (!isPackageName(name)) throw malformed(file, `${quoted(name)} is no package name`)
  const problem = versionProblem(version)
  if (problem !== undefined) throw malformed(file, `${quoted(version)} is no version: ${problem}`)
  if (architecture !== 'all') checkArchitecture(architecture)
  return { name, version, architecture }
}

function poolPath({ name, version, architecture }: Identity, control: Stanza, file: string): string {
  const source = parseSourceReference(control.field('Source'), { name, version }).name
  const path = `${poolFolder({ source, version })}/${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
  if (path.length > 512) throw malformed(file, 'name and version are too long for a path')
  return path
}

/** Where a lock says that a deb lies: never where indexes and records are. */
function checkedPath(path: string): string {
  const isDeb = path.endsWith('.deb') && !/^(dists|aptroot)\/|(^|\/)\./.test(path)
  const problem = poolPathProblem(path) ?? (isDeb ? undefined : 'it is no place for a deb')
  if (problem === undefined) return path
  throw malformed(path, `it cannot lie there: ${problem}`)
}

function malformed(file: string, problem: string): Fault {
  return new Fault('DEB_MALFORMED', {
    message: `${file} cannot be published: ${problem}`,
    hint: 'Build the package again; see Debian Policy 5.6.',
    context: { file, problem },
  })
}
