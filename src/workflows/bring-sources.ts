import type { ListedSource } from '../archive/index.ts'
import { sourceKey } from '../debian/index.ts'
import { Fault, type Session, sortedByBytes } from '../kernel/index.ts'
import { type LockedDeb, ownDebsOrigin } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import { type OfferedSource, type PublishedDeb, type SourceKey, sourcesOfDeb } from '../repository/index.ts'
import type { Store } from '../store/index.ts'
import type { Transfer } from '../transfer/index.ts'
import { providerSettingsOf } from './archive-addresses.ts'
import { readManifestFile } from './confine-path.ts'
import { lockedSuites, type OriginSite, openingFault, originSources, probing } from './origin-sources.ts'
import type { Project } from './project.ts'
import type { Site } from './site.ts'

export interface SourcesPlace extends OriginSite {
  readonly project: Project
  readonly manifest: Manifest
  readonly site: Site
  readonly store: Store
  readonly transfer: Transfer
}

export interface BroughtSource {
  /** `archive/suite/component` of the Sources file that lists it. */
  readonly from: string
  readonly offered: OfferedSource
}

/**
 * Looks up what debs were built from in the signed Sources files of their archives (as they are now, else as their snapshots have it), and
 * brings the files into the store. The project's own debs have no sources here. A source that only Built-Using names, and that no archive lists any
 * more, is named in a warning.
 *
 * @throws {Fault} `SOURCE_NOT_LISTED` when a deb's own source is nowhere; as `findSources` and `fetchDebs`
 */
export async function bringSources(
  debs: ReadonlyMap<LockedDeb, PublishedDeb | undefined>,
  place: SourcesPlace,
  session: Session,
): Promise<readonly BroughtSource[]> {
  const wanted = wantedSources(debs)
  const found = await findEverywhere(wanted, place, session)
  const missing = sortedByBytes(wanted.keys()).filter(key => !found.has(key))
  const unproven = missing.filter(key => wanted.get(key)?.role === 'own')
  if (unproven.length > 0) throw notListed(unproven)
  for (const key of missing)
    session.journal.emit({
      kind: 'warned',
      stage: 'archive',
      message: `the source ${key} is in no archive any more; only Built-Using of ${wanted.get(key)?.deb.name} names it`,
    })
  const { fetchDebs } = await import('../fetch/index.ts')
  const files = [...found.values()].flatMap(source =>
    source.files.map(file => asFetched(source, file, wanted.get(sourceKey(source))?.deb.at)),
  )
  const providers = providerSettingsOf(place.manifest, place)
  await fetchDebs(files, { ...providers, ...place, mode: place.site.mode }, session)
  return sortedByBytes(found.keys()).flatMap(key => {
    const source = found.get(key)
    return source === undefined ? [] : [broughtSource(source, place.store)]
  })
}

interface WantedSource {
  readonly role: 'own' | 'built-using'
  readonly deb: LockedDeb
}

function wantedSources(debs: ReadonlyMap<LockedDeb, PublishedDeb | undefined>): ReadonlyMap<SourceKey, WantedSource> {
  const wanted = new Map<SourceKey, WantedSource>()
  for (const [deb, published] of debs) {
    if (deb.from === ownDebsOrigin || published === undefined) continue
    const { own, builtUsing } = sourcesOfDeb(published)
    wanted.set(own, { role: 'own', deb })
    for (const key of builtUsing) if (!wanted.has(key)) wanted.set(key, { role: 'built-using', deb })
  }
  return wanted
}

/** Each suite is asked until it has listed the sources of its own debs; what else it lists counts too. */
async function findEverywhere(
  wanted: ReadonlyMap<SourceKey, WantedSource>,
  place: SourcesPlace,
  session: Session,
): Promise<ReadonlyMap<SourceKey, ListedSource>> {
  const { findSources } = await import('../archive/index.ts')
  const found = new Map<SourceKey, ListedSource>()
  const debs = [...wanted.values()].map(({ deb }) => deb)
  for (const { suite, debs: its } of lockedSuites(place.manifest.archives, debs)) {
    const isOpen = () => {
      const own = [...wanted].filter(([key, { role, deb }]) => role === 'own' && !found.has(key) && its.includes(deb))
      return own.length > 0
    }
    for await (const { name, request } of originSources(suite, place)) {
      if (!isOpen()) break
      const left = new Set([...wanted.keys()].filter(key => !found.has(key)))
      const archives = {
        ...request,
        architectures: [...new Set(place.manifest.architectures.flatMap(root => [root.native, ...root.foreign]))],
        readKeyFile: (path: string) => readManifestFile(place.project, path),
        store: place.store,
      }
      try {
        for (const [key, source] of await findSources(left, archives, probing(session))) found.set(key, source)
      } catch (error) {
        session.signal.throwIfAborted()
        if (!openingFault(error)) throw error
        session.journal.emit({
          kind: 'traced',
          stage: 'archive',
          message: `${name} lists no sources: ${error.message}`,
        })
      }
    }
  }
  return found
}

/** A file of a source lies where debs lie, and is believed for its digest as they are. */
function asFetched(source: ListedSource, file: ListedSource['files'][number], at: string | undefined): LockedDeb {
  const { name, sha256, sizeBytes } = file
  return {
    name,
    architecture: 'source',
    version: source.version,
    sourceName: source.name,
    sourceVersion: source.version,
    sha256,
    sizeBytes,
    from: fromOf(source),
    at: at ?? source.origin.release.at,
    directory: source.directory,
    file: name,
    root: undefined,
    needs: [],
    roots: undefined,
  }
}

function broughtSource(source: ListedSource, store: Store): BroughtSource {
  const { origin: _, ...plain } = source
  const content = (name: string) => {
    const file = source.files.find(each => each.name === name)
    if (file === undefined) throw new Fault('INTERNAL', { message: `${sourceKey(source)} has no file ${name}` })
    return store.stream(file)
  }
  return { from: fromOf(source), offered: { source: plain, content } }
}

function fromOf({ origin: { archive, suite, component } }: ListedSource): string {
  return component === '' ? `${archive}/${suite}` : `${archive}/${suite}/${component}`
}

function notListed(keys: readonly SourceKey[]): Fault {
  const shown = keys.slice(0, 3).join(', ')
  const more = keys.length > 3 ? ` and ${keys.length - 3} more` : ''
  return new Fault('SOURCE_NOT_LISTED', {
    message: `no signed Sources file lists ${shown}${more}`,
    hint: 'The archive dropped them and no snapshot has them: run `aptroot lock update`, or mirror without `--sources`.',
    context: { sources: keys },
  })
}
