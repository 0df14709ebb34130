import type { Session } from '../kernel/index.ts'
import { debsOfRoot, type Lockfile } from '../lockfile/index.ts'
import type { ChangeResolution, ResolutionRequest } from '../resolver/index.ts'
import { movesOf, type UpdateMode } from './update-mode.ts'

/** One root, and how it may depart from the previous lock. */
export interface RootRequest {
  readonly problem: ResolutionRequest
  /** As the lock's request names the root. */
  readonly architecture: string
  readonly previous: Lockfile | undefined
  readonly mode: UpdateMode
}

/** Resolves one root: afresh, or from what the previous lock holds of it. A root that is new has nothing to keep. */
export async function resolveRoot(request: RootRequest, session: Session): Promise<ChangeResolution> {
  const { resolveChange, resolvePackages } = await import('../resolver/index.ts')
  const { problem, architecture, previous, mode } = request
  if (mode.kind === 'afresh' || previous?.request.architectures.includes(architecture) !== true) {
    const resolution = await resolvePackages(problem, session)
    return resolution.kind === 'unsolvable' ? resolution : { ...resolution, forced: [], heldBack: [] }
  }
  const debs = debsOfRoot(previous, architecture)
  const moves = movesOf(mode, { universe: problem.universe, debs, wanted: problem.wanted })
  return await resolveChange({ ...problem, previous: debs, moves }, session)
}
