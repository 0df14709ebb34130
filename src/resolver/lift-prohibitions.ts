import { compareBytes } from '../kernel/index.ts'
import { encodeProblem } from './encoding.ts'
import type { ManifestChange } from './manifest-change.ts'
import type { ResolutionRequest } from './model.ts'
import { forbids } from './pins.ts'
import type { ClauseOrigin, EncodedClause } from './requirements.ts'
import { selectHard } from './select-packages.ts'

/** What the manifest forbids, taken back. */
export type Lift = Extract<ManifestChange, { readonly kind: 'unexclude' | 'unpin' }>

/** What is wanted is the simpler thing to change than more than so much of what is forbidden. */
const mostLifts = 16

/** The exclusion, or the pins with a negative priority, that rule out what a clause speaks of; undefined: neither does. */
export function liftOf(origin: ClauseOrigin, { pins, universe }: ResolutionRequest): Lift | undefined {
  switch (origin.kind) {
    case 'excluded':
      return { kind: 'unexclude', name: origin.deb.name }
    case 'forbidden-by-pin': {
      const architectures = [universe.nativeArchitecture, ...universe.foreignArchitectures]
      return {
        kind: 'unpin',
        name: origin.deb.name,
        pins: pins.flatMap((pin, at) => (forbids(pin, origin.deb, architectures) ? [at] : [])),
      }
    }
    default:
      return undefined
  }
}

/** The request without what these changes take back. */
export function withLifts(request: ResolutionRequest, lifts: readonly Lift[]): ResolutionRequest {
  const names = new Set(lifts.flatMap(each => (each.kind === 'unexclude' ? [each.name] : [])))
  const places = new Set(lifts.flatMap(each => (each.kind === 'unpin' ? each.pins : [])))
  return {
    ...request,
    exclude: request.exclude.filter(name => !names.has(name)),
    pins: request.pins.filter((_pin, at) => !places.has(at)),
  }
}

/**
 * Exclusions and pins that close every way only together: all that the proofs name is taken back until there is a solution,
 * then put back one by one where there still is one.
 *
 * @returns undefined when something else stands in the way
 */
export function* liftTogether(
  request: ResolutionRequest,
  firstCore: readonly EncodedClause[],
): Generator<void, readonly Lift[] | undefined> {
  const isPossible = function* (lifts: readonly Lift[]) {
    return yield* selectHard(encodeProblem(withLifts(request, lifts)))
  }
  const lifts = new Map<string, Lift>()
  let core = firstCore
  for (;;) {
    const known = lifts.size
    // Positions of pins are those of the whole list.
    for (const lift of core.flatMap(({ origin }) => liftOf(origin, request) ?? []))
      lifts.set(JSON.stringify(lift), lift)
    if (lifts.size === known || lifts.size > mostLifts) return undefined
    const attempt = yield* isPossible([...lifts.values()])
    if (attempt.kind === 'possible') break
    core = attempt.core
  }
  let needed = [...lifts.values()]
  for (const lift of lifts.values()) {
    const fewer = needed.filter(each => each !== lift)
    if ((yield* isPossible(fewer)).kind === 'possible') needed = fewer
  }
  return needed.sort((left, right) => compareBytes(left.kind, right.kind) || compareBytes(left.name, right.name))
}
