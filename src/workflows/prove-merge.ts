import { isFault, type Session } from '../kernel/index.ts'
import type { Lockfile } from '../lockfile/index.ts'
import type { Manifest, RootArchitecture } from '../manifest/index.ts'
import type { Project } from './project.ts'
import { readProjectManifest } from './read-project.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

export interface MergePlace {
  readonly project: Project
  /** Offline: a merge must not depend on a network. */
  readonly site: Site
}

/** `not-proven`: the store does not have the indexes or debs that it takes. */
export type MergeProof =
  | { readonly relations: 'proven' }
  | { readonly relations: 'not-proven' }
  | { readonly relations: 'refuted'; readonly problems: readonly string[] }

/**
 * Whether the relations of a merged lock hold, by what the store has of the archives. The manifest beside the lock only says which archives and
 * keys there are: while git merges, it is that of one branch. What is wanted is read from the lock's request.
 */
export async function proveMerge(
  lock: Lockfile,
  { project, site }: MergePlace,
  session: Session,
  world: World,
): Promise<MergeProof> {
  try {
    const manifest = askedBy(lock, await readProjectManifest(project, world), await parser())
    const { proveLock } = await import('./verify-lock.ts')
    const { relations } = await proveLock({ project, site, manifest, lock, questions: new Set() }, session, world)
    if (relations.verdict === 'refuted') return { relations: 'refuted', problems: relations.problems }
    return { relations: relations.verdict }
  } catch (error) {
    session.signal.throwIfAborted()
    // A manifest with conflict markers, a store that cannot be opened: that proves nothing either way.
    if (!isFault(error) || error.code === 'INTERNAL') throw error
    session.journal.emit({ kind: 'traced', stage: 'resolve', message: `nothing is proven: ${error.message}` })
    return { relations: 'not-proven' }
  }
}

type ParseWanted = (text: string) => Manifest['packages'][number]

async function parser(): Promise<ParseWanted> {
  return (await import('../manifest/index.ts')).parseWantedItem
}

/** The manifest that this lock answers, as far as relations go. */
function askedBy({ request }: Lockfile, manifest: Manifest, parse: ParseWanted): Manifest {
  const [first, ...rest] = request.architectures.map((root): RootArchitecture => {
    const [native = root, ...foreign] = root.split('+')
    return { native, foreign }
  })
  return {
    ...manifest,
    architectures: first === undefined ? manifest.architectures : [first, ...rest],
    packages: request.wanted.map(parse),
    exclude: request.exclude,
  }
}
