import type { OpenArchives } from '../archive/index.ts'
import { knownArchitectures } from '../debian/index.ts'
import { isFault, type Session } from '../kernel/index.ts'
import type { Explanation, ResolutionRequest } from '../resolver/index.ts'

/** Indexes with those of more architectures, until they are closed. */
export type WiderIndexes = Pick<OpenArchives, 'indexes' | 'close'>

/**
 * Explains once more why a root has no solution where what is wanted names an architecture that the root lacks (`wine32:i386`): with the
 * indexes of that architecture at hand, adding it can be tried out and proposed.
 *
 * @returns undefined when nothing names one, when there is another reason, and when its indexes cannot be had
 */
export async function explainWider(
  request: ResolutionRequest,
  open: (architectures: readonly string[]) => Promise<WiderIndexes>,
  session: Session,
): Promise<Explanation | undefined> {
  const named = architecturesBeyond(request)
  if (named.length === 0) return undefined
  const archives = await open(named).catch((error: unknown) => {
    session.signal.throwIfAborted()
    // Whatever keeps these indexes away, the first explanation is still true.
    if (isFault(error)) return undefined
    throw error
  })
  if (archives === undefined) return undefined
  try {
    const { resolvePackages } = await import('../resolver/index.ts')
    const { openUniverse } = await import('../archive/index.ts')
    const { nativeArchitecture, foreignArchitectures } = request.universe
    const { indexes } = archives
    const wider = new Map(
      named.map(each => [
        each,
        openUniverse({ nativeArchitecture, foreignArchitectures: [...foreignArchitectures, each], indexes }),
      ]),
    )
    const resolution = await resolvePackages({ ...request, wider }, session)
    return resolution.kind === 'unsolvable' ? resolution.explanation : undefined
  } finally {
    await archives.close()
  }
}

function architecturesBeyond({ wanted, universe }: ResolutionRequest): readonly string[] {
  const { nativeArchitecture, foreignArchitectures } = universe
  const named = wanted.flatMap(({ alternatives }) => alternatives.map(each => each.architectureQualifier ?? ''))
  const known = knownArchitectures()
  return [...new Set(named)].filter(
    each => each !== nativeArchitecture && !foreignArchitectures.includes(each) && known.includes(each),
  )
}
