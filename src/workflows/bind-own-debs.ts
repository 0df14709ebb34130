import type { ProviderSettings } from '../fetch/index.ts'
import { Fault, isFault, type Session } from '../kernel/index.ts'
import { debKey, type LockedDeb, type Lockfile } from '../lockfile/index.ts'
import { type ReadDeb, readDebAt, readOwnDeb } from './own-debs.ts'
import type { Project } from './project.ts'

/** The bytes that a deb locked by its relations had in this run. */
export type RecordedDeb = Pick<LockedDeb, 'name' | 'version' | 'architecture' | 'sha256' | 'sizeBytes'>

/**
 * The lock with the bytes that lie in the project now (else in a vendor folder) in place of the relations that own debs are locked by: what
 * fetches, unpacks and describes needs to know nothing of them.
 *
 * @throws {Fault} `LOCK_STALE` when a deb declares something else than was locked, `MANIFEST_FILE_MISSING`, `DEB_MALFORMED`
 */
export async function bindOwnDebs(
  lock: Lockfile,
  place: { readonly project: Project; readonly providers: ProviderSettings },
  session: Session,
): Promise<{ readonly lock: Lockfile; readonly recorded: readonly RecordedDeb[] }> {
  if (lock.debs.every(({ relations }) => relations === undefined)) return { lock, recorded: [] }
  const recorded: RecordedDeb[] = []
  const debs: LockedDeb[] = []
  for (const deb of lock.debs) {
    if (deb.relations === undefined) {
      debs.push(deb)
      continue
    }
    const found = await readWherever(deb, place, session.signal)
    const problem = await relationsProblem(deb, found)
    if (problem !== undefined) throw staleFault(place.project, deb, problem)
    const { relations: _, ...plain } = deb
    const { sha256, sizeBytes } = found
    const { name, version, architecture } = deb
    debs.push({ ...plain, sha256, sizeBytes })
    recorded.push({ name, version, architecture, sha256, sizeBytes })
  }
  return { lock: { ...lock, debs }, recorded }
}

/** What is wrong with the own debs that are locked by their relations, one sentence each; a deb that is not built yet is no problem. */
export async function relationsProblems(lock: Lockfile, project: Project): Promise<readonly string[]> {
  const { signal } = new AbortController()
  const problems: string[] = []
  for (const deb of lock.debs) {
    if (deb.relations === undefined) continue
    const found = await readOwnDeb(await pathOf(deb), project, signal).catch(error => {
      if (isFault(error, 'MANIFEST_FILE_MISSING')) return undefined
      throw error
    })
    const problem = found === undefined ? undefined : await relationsProblem(deb, found)
    if (problem !== undefined) problems.push(problem)
  }
  return problems
}

async function relationsProblem(deb: LockedDeb, { control }: ReadDeb): Promise<string | undefined> {
  const { relationsFingerprint } = await import('../deb/index.ts')
  if (relationsFingerprint(control) === deb.relations) return undefined
  const version = control.field('Version')
  const what =
    version === undefined || version === deb.version ? 'declares other relations' : `has the version ${version}`
  return `${await pathOf(deb)} ${what} than ${debKey(deb)} ${deb.version} that was locked`
}

async function readWherever(
  deb: LockedDeb,
  { project, providers }: { readonly project: Project; readonly providers: ProviderSettings },
  signal: AbortSignal,
): Promise<ReadDeb> {
  const path = await pathOf(deb)
  try {
    return await readOwnDeb(path, project, signal)
  } catch (error) {
    if (!isFault(error, 'MANIFEST_FILE_MISSING')) throw error
    const { providersOf } = await import('../fetch/index.ts')
    // The first place is the project, which was just asked.
    const [, ...vendored] = providersOf(deb, providers)
    for (const each of vendored) {
      if (each.kind !== 'vendor') continue
      const found = await readDebAt({ file: each.path, path }, project, signal).catch(() => undefined)
      if (found !== undefined) return found
    }
    throw new Fault('MANIFEST_FILE_MISSING', {
      message: error.message,
      hint: 'Build it first; if it has another version now, run `aptroot lock update`.',
      context: error.context,
      cause: error,
    })
  }
}

async function pathOf(deb: LockedDeb): Promise<string> {
  const { debFileName } = await import('../fetch/index.ts')
  return deb.directory === '' ? debFileName(deb) : `${deb.directory}/${debFileName(deb)}`
}

function staleFault(project: Project, deb: LockedDeb, problem: string): Fault {
  return new Fault('LOCK_STALE', {
    message: `${project.lockName} does not fit the project's own debs: ${problem}`,
    hint: 'Run `aptroot lock update` and commit the lockfile.',
    context: { lock: project.lockName, deb: debKey(deb) },
  })
}
