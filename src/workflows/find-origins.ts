import { type OpenArchives, openArchives, openUniverse, type SuiteEvidence } from '../archive/index.ts'
import type { BinaryPackage } from '../debian/index.ts'
import { type Fault, isFault, type Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { ArchiveDefinition, Manifest } from '../manifest/index.ts'
import { readManifestFile } from './confine-path.ts'
import { type LockedSuite, type OriginSite, type OriginSource, originSources } from './origin-sources.ts'
import type { Project } from './project.ts'

/** That a hash stood in an index which a trusted signature covers. */
export interface OriginProof {
  readonly deb: LockedDeb
  /** As the index lists it. Not to be looked at after `close`. */
  readonly package: BinaryPackage
  /** Where the proof was found, for people. */
  readonly source: string
}

export interface Origins {
  readonly proofs: ReadonlyMap<LockedDeb, OriginProof>
  /** The Releases and indexes that proved something, newest first for each suite. */
  readonly evidence: readonly SuiteEvidence[]
  close(): Promise<void>
}

export interface OriginsRequest extends OriginSite {
  readonly project: Pick<Project, 'folder' | 'manifestName'>
  readonly debs: readonly LockedDeb[]
  /** `signed`: an archive that the manifest trusts without a signature proves nothing. */
  readonly trust: 'signed' | 'any'
}

/**
 * Looks for signed indexes that list the locked hashes, in the places that {@link originSources} names, until each is proven or no place is
 * left. A place that cannot be reached or does not hold is passed over.
 *
 * @throws {Fault} of the store, the project's key rings and the session
 */
export async function findOrigins(request: OriginsRequest, session: Session): Promise<Origins> {
  const proofs = new Map<LockedDeb, OriginProof>()
  const opened: OpenArchives[] = []
  const evidence: SuiteEvidence[] = []
  try {
    for (const { suite, debs } of suitesOf(request)) {
      let unproven = debs
      for await (const source of originSources(suite, request)) {
        const archives = await openSource(source, request, session)
        if (archives === undefined) continue
        opened.push(archives)
        const found = proofsIn(archives, unproven, { manifest: request.manifest, source: source.name })
        for (const proof of found) proofs.set(proof.deb, proof)
        if (found.length > 0) evidence.push(...archives.releases.map(each => each.evidence))
        unproven = unproven.filter(deb => !proofs.has(deb))
        if (unproven.length === 0) break
      }
    }
  } catch (error) {
    await closeAll(opened)
    throw error
  }
  return { proofs, evidence, close: () => closeAll(opened) }
}

interface SuiteDebs {
  readonly suite: LockedSuite
  readonly debs: readonly LockedDeb[]
}

function suitesOf({ manifest, debs: wanted, trust }: OriginsRequest): readonly SuiteDebs[] {
  return manifest.archives
    .filter(archive => trust === 'any' || archive.trust.kind === 'signed-by')
    .flatMap(archive =>
      archive.suites.flatMap((suite): SuiteDebs[] => {
        const debs = wanted.filter(deb => isFrom(deb, archive, suite))
        const [newest, ...older] = [...new Set(debs.map(deb => deb.at))].sort().reverse()
        return newest === undefined ? [] : [{ suite: { archive, suite, times: [newest, ...older] }, debs }]
      }),
    )
}

function isFrom({ from }: LockedDeb, { id }: ArchiveDefinition, suite: string): boolean {
  return from === `${id}/${suite}` || from.startsWith(`${id}/${suite}/`)
}

async function openSource(
  { name, request: place }: OriginSource,
  request: OriginsRequest,
  session: Session,
): Promise<OpenArchives | undefined> {
  const { manifest, project, store } = request
  try {
    return await openArchives(
      {
        ...place,
        architectures: [...new Set(manifest.architectures.flatMap(root => [root.native, ...root.foreign]))],
        readKeyFile: path => readManifestFile(project, path),
        store,
      },
      probing(session),
    )
  } catch (error) {
    session.signal.throwIfAborted()
    if (!isFault(error) || !provesNothing(error)) throw error
    session.journal.emit({ kind: 'traced', stage: 'archive', message: `${name} proves nothing: ${error.message}` })
    return undefined
  }
}

/** Network and integrity: this place proves nothing, and another may. A wrong setting or a full disk is no such thing. */
function provesNothing({ code, exitCode }: Fault): boolean {
  return exitCode === 4 || exitCode === 6 || code === 'SUITE_ABSENT' || code === 'INDEX_NOT_LISTED'
}

/** A place that does not have what it might have is no reason to warn. */
function probing({ signal, journal }: Session): Session {
  return {
    signal,
    journal: {
      emit: event =>
        journal.emit(event.kind === 'warned' || event.kind === 'noted' ? { ...event, kind: 'traced' } : event),
    },
  }
}

function proofsIn(
  archives: OpenArchives,
  debs: readonly LockedDeb[],
  { manifest, source }: { readonly manifest: Manifest; readonly source: string },
): readonly OriginProof[] {
  const universes = manifest.architectures.map(root =>
    openUniverse({
      nativeArchitecture: root.native,
      foreignArchitectures: root.foreign,
      indexes: archives.indexes,
    }),
  )
  return debs.flatMap((deb): OriginProof[] => {
    const listed = universes.flatMap(universe => universe.packagesNamed(deb.name)).find(each => isSame(each, deb))
    return listed === undefined ? [] : [{ deb, package: listed, source }]
  })
}

function isSame(listed: BinaryPackage, deb: LockedDeb): boolean {
  return (
    listed.sha256 === deb.sha256 &&
    listed.version === deb.version &&
    listed.architecture === deb.architecture &&
    listed.sizeBytes === deb.sizeBytes
  )
}

async function closeAll(opened: readonly OpenArchives[]): Promise<void> {
  await Promise.all(opened.map(each => each.close()))
}
