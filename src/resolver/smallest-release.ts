import { sortedByBytes } from '../kernel/index.ts'
import { encodeProblem } from './encoding.ts'
import type { ResolutionRequest } from './model.ts'
import type { EncodedClause } from './requirements.ts'
import { selectHard } from './select-packages.ts'

/** One thing that the manifest asks for: the text of a wanted item, or its base set. */
export type Demand = { readonly kind: 'wanted'; readonly text: string } | { readonly kind: 'base' }

/** After so many proofs the smallest set is no longer looked for: whole proofs are given up until there is a solution. */
const patience = 48

/**
 * The fewest demands without which there is a solution; at worst all of them.
 *
 * Every proof of impossibility blames some demands, of which one at least has to go. The smallest set that meets all proofs
 * so far is tried; where it does not help, that gives another proof.
 */
export function* smallestRelease(
  request: ResolutionRequest,
  firstCore: readonly EncodedClause[],
): Generator<void, readonly Demand[]> {
  const proofs = [demandsIn(firstCore)]
  for (;;) {
    const released = proofs.length < patience ? smallestHittingSet(proofs) : new Set(proofs.flat())
    const demands = sortedByBytes(released).map(demandOf)
    const attempt = yield* selectHard(encodeProblem(without(request, demands)))
    if (attempt.kind === 'possible') return demands
    proofs.push(demandsIn(attempt.core))
  }
}

/** The request without these demands. */
export function without(request: ResolutionRequest, demands: readonly Demand[]): ResolutionRequest {
  const texts = new Set(demands.flatMap(each => (each.kind === 'wanted' ? [each.text] : [])))
  return {
    ...request,
    wanted: request.wanted.filter(({ text }) => !texts.has(text)),
    base: demands.some(({ kind }) => kind === 'base') ? 'none' : request.base,
  }
}

const baseKey = 'base'

/** Wanted items before the base set, what came last first: what was added last is what a person would take back. */
function demandsIn(core: readonly EncodedClause[]): readonly string[] {
  const keys = core.flatMap(({ origin }) => {
    if (origin.kind !== 'requirement' || origin.requirement.owner !== undefined) return []
    return [origin.requirement.field === 'base' ? baseKey : `wanted ${origin.requirement.text}`]
  })
  const wanted = keys.filter(key => key !== baseKey).reverse()
  return [...new Set([...wanted, ...keys])]
}

function demandOf(key: string): Demand {
  return key === baseKey ? { kind: 'base' } : { kind: 'wanted', text: key.slice('wanted '.length) }
}

/** A smallest set that has an element of each of the sets. */
function smallestHittingSet(sets: readonly (readonly string[])[]): ReadonlySet<string> {
  for (let size = 1; ; size++) {
    const found = hittingSet(sets, new Set(), size)
    if (found !== undefined) return found
  }
}

function hittingSet(
  sets: readonly (readonly string[])[],
  chosen: ReadonlySet<string>,
  size: number,
): ReadonlySet<string> | undefined {
  const missed = sets.find(set => !set.some(each => chosen.has(each)))
  if (missed === undefined) return chosen
  if (chosen.size === size) return undefined
  for (const each of missed) {
    const found = hittingSet(sets, new Set([...chosen, each]), size)
    if (found !== undefined) return found
  }
  return undefined
}
