import { type OpenArchives, openArchives, openUniverse, type SuiteEvidence } from '../archive/index.ts'
import type { BinaryPackage } from '../debian/index.ts'
import type { Fault, Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import { readManifestFile } from './confine-path.ts'
import {
  lockedSuites,
  type OriginSite,
  type OriginSource,
  openingFault,
  originSources,
  probing,
} from './origin-sources.ts'
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
 * left. A place that cannot be reached or does not hold is passed over; one that holds what somebody forged or damaged is named in a warning.
 *
 * @throws {Fault} of the store, the project's key rings and the session
 */
export async function findOrigins(request: OriginsRequest, session: Session): Promise<Origins> {
  const telling = tellingOnce(session)
  const proofs = new Map<LockedDeb, OriginProof>()
  const opened: OpenArchives[] = []
  const evidence: SuiteEvidence[] = []
  try {
    const archives = request.manifest.archives.filter(
      ({ trust }) => request.trust === 'any' || trust.kind === 'signed-by',
    )
    for (const { suite, debs } of lockedSuites(archives, request.debs)) {
      let unproven = debs
      for await (const source of originSources(suite, request)) {
        const open = await openSource(source, request, telling)
        if (open === undefined) continue
        opened.push(open)
        const found = proofsIn(open, unproven, { manifest: request.manifest, source: source.name })
        for (const proof of found) proofs.set(proof.deb, proof)
        if (found.length > 0) evidence.push(...open.releases.map(each => each.evidence))
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
    if (!openingFault(error)) throw error
    const kind = isOfForgery(error) ? 'warned' : 'traced'
    session.journal.emit({ kind, stage: 'archive', message: `${name} proves nothing: ${error.message}` })
    return undefined
  }
}

const ofAge: ReadonlySet<string> = new Set(['RELEASE_EXPIRED', 'RELEASE_FUTURE', 'RELEASE_KEY_UNUSABLE'])

/** What no age explains; an old lock's archive and its key expire without anybody's fault. */
function isOfForgery({ code, exitCode }: Fault): boolean {
  return exitCode === 6 && !ofAge.has(code)
}

/** The same files are looked at once for each time that the lock knows. */
function tellingOnce({ signal, journal }: Session): Session {
  const told = new Set<string>()
  return {
    signal,
    journal: {
      emit: event => {
        if (event.kind === 'warned') {
          if (told.has(event.message)) return
          told.add(event.message)
        }
        journal.emit(event)
      },
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
