import { compareBytes } from './bytes.ts'

/**
 * The candidates that a person who typed `name` may have meant, nearest first, at most three: for "did you mean".
 *
 * Distance counts insertions, deletions, replacements and swaps of neighbours, ignoring case; a third of the letters may
 * differ. Ties are in byte order, so the answer does not depend on the order of the candidates.
 */
export function nearestNames(name: string, candidates: Iterable<string>): string[] {
  const wanted = name.toLowerCase()
  const bound = Math.max(1, Math.floor(wanted.length / 3))
  const near: { readonly candidate: string; readonly distance: number }[] = []
  for (const candidate of candidates) {
    const distance = boundedDistance(wanted, candidate.toLowerCase(), bound)
    if (distance <= bound) near.push({ candidate, distance })
  }
  near.sort((left, right) => left.distance - right.distance || compareBytes(left.candidate, right.candidate))
  return near.slice(0, 3).map(each => each.candidate)
}

/** `Did you mean nginx or nginx-core?`, or undefined when nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const names = nearestNames(name, candidates)
  const last = names.at(-1)
  if (last === undefined) return undefined
  return names.length === 1 ? `Did you mean ${last}?` : `Did you mean ${names.slice(0, -1).join(', ')} or ${last}?`
}

/** Optimal string alignment; any value above `bound` stands for "further away". */
function boundedDistance(left: string, right: string, bound: number): number {
  if (Math.abs(left.length - right.length) > bound) return bound + 1
  let beforePrevious: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    let smallest = row
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      let cost = Math.min(
        (previous[column] ?? bound) + 1,
        (current[column - 1] ?? bound) + 1,
        (previous[column - 1] ?? bound) + (same ? 0 : 1),
      )
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (swapped) cost = Math.min(cost, (beforePrevious[column - 2] ?? bound) + 1)
      current.push(cost)
      smallest = Math.min(smallest, cost)
    }
    if (smallest > bound) return bound + 1
    beforePrevious = previous
    previous = current
  }
  return previous[right.length] ?? bound + 1
}
