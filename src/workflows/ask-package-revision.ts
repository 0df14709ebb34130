import { decodeUtf8, encodeUtf8, Fault, type Session } from '../kernel/index.ts'
import type { Store } from '../store/index.ts'
import { revisionObject } from './package-records.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

export interface RevisionQuestion {
  readonly packageName: string
  readonly version: string
  readonly architecture: string
  /** The key of the build. */
  readonly checksum: string
}

/**
 * The revision of a build: what the service says, and offline what it last said.
 *
 * @throws {Fault} as `getRevision`; `USAGE_INVALID` when no service is named, `FETCH_OFFLINE` when it was never asked
 */
export async function askPackageRevision(
  question: RevisionQuestion,
  place: { readonly site: Site; readonly store: Store; readonly session: Session; readonly world: World },
): Promise<string> {
  const { site, store, session, world } = place
  const remembered = await rememberedRevision(question.checksum, store)
  if (site.mode === 'offline') {
    if (remembered !== undefined) return remembered
    throw new Fault('FETCH_OFFLINE', {
      message: `the revision of ${question.packageName} ${question.version} is not known here, and asking for it is not allowed`,
      hint: 'Run it once without --offline.',
      context: { package: question.packageName },
    })
  }
  const { revisions } = site
  if (revisions?.service === undefined)
    throw new Fault('USAGE_INVALID', {
      message: `the version of ${question.packageName} wants a revision, and no service is named that gives it one`,
      hint: 'Name it with --revision-service URL, or as `revision-service` in your settings.',
      context: { package: question.packageName },
    })
  const { getRevision } = await import('./get-revision.ts')
  const { packageName, version, architecture, checksum } = question
  const { revision } = await getRevision(
    { package: packageName, version, architecture, checksum, template: undefined, ...revisions, routes: site },
    session,
    world,
  )
  await store.putRecord(revisionObject(checksum), encodeUtf8(revision))
  return revision
}

/** What the service last said of a checksum; undefined when it was not asked from here. */
export async function rememberedRevision(checksum: string, store: Store): Promise<string | undefined> {
  const bytes = await store.readRecord(revisionObject(checksum))
  return bytes === undefined ? undefined : decodeUtf8(bytes)
}
