import type { BinaryPackage, OrGroup, PackageUniverse } from '../../src/debian/index.ts'
import { relationTargets } from '../../src/resolver/relation-targets.ts'

/**
 * Why an apt and we differ on a request:
 *
 * - `apt keeps a needless alternative`: it chose before something else brought another alternative of the same group;
 * - `apt found it met`: the same the other way round, where it came to the group after the other alternative;
 * - `met by another difference`: what one side has for a reason above meets a group for which the other had to choose;
 * - `tie`: providers of equal rank; apt 2.6 takes the one that its cache numbered last, apt 3 and we the first name.
 */
export type DifferenceRule =
  | 'apt keeps a needless alternative'
  | 'apt found it met'
  | 'met by another difference'
  | 'tie'

interface Sides {
  readonly common: ReadonlySet<BinaryPackage>
  readonly onlyOurs: ReadonlySet<BinaryPackage>
  readonly onlyApts: ReadonlySet<BinaryPackage>
}

/**
 * @param ours, apts complete selections of one request
 * @returns the rules that together account for every deb that only one side has; undefined when some deb is left over
 */
export function explainDifference(
  universe: PackageUniverse,
  ours: readonly BinaryPackage[],
  apts: readonly BinaryPackage[],
): readonly DifferenceRule[] | undefined {
  const inOurs = new Set(ours)
  const inApts = new Set(apts)
  const sides: Sides = {
    common: new Set(ours.filter(deb => inApts.has(deb))),
    onlyOurs: new Set(ours.filter(deb => !inApts.has(deb))),
    onlyApts: new Set(apts.filter(deb => !inOurs.has(deb))),
  }
  const targets = relationTargets(universe)
  const answering = (group: OrGroup) => group.flatMap(each => targets.satisfying(each, universe.nativeArchitecture))
  const rules = new Set<DifferenceRule>()
  const reached = new Set<BinaryPackage>()
  const groups = [...sides.common].flatMap(groupsOf).map(group => ({ group, answers: answering(group) }))
  for (const { group, answers } of groups) {
    const found = ruleFor(group, answers, sides)
    if (found === undefined) continue
    rules.add(found.rule)
    for (const deb of found.debs) reached.add(deb)
  }
  // What the differing choices bring along, and what that meets: a set grows while it is read.
  for (const deb of reached) {
    const [side, other] = sides.onlyOurs.has(deb) ? [sides.onlyOurs, sides.onlyApts] : [sides.onlyApts, sides.onlyOurs]
    for (const target of groupsOf(deb).flatMap(answering)) if (side.has(target)) reached.add(target)
    for (const { answers } of groups.filter(each => each.answers.includes(deb)))
      for (const chosenInstead of answers.filter(each => other.has(each) && !reached.has(each))) {
        rules.add('met by another difference')
        reached.add(chosenInstead)
      }
  }
  const all = [...sides.onlyOurs, ...sides.onlyApts]
  return all.every(deb => reached.has(deb)) ? [...rules].sort() : undefined
}

function ruleFor(group: OrGroup, answers: readonly BinaryPackage[], { common, onlyOurs, onlyApts }: Sides) {
  const ours = answers.filter(deb => onlyOurs.has(deb))
  const apts = answers.filter(deb => onlyApts.has(deb))
  // A tie first: each choice may bring a third provider along, which then is common to both.
  if (ours.some(mine => apts.some(theirs => haveEqualRank(mine, theirs, group))))
    return { rule: 'tie', debs: [...ours, ...apts] } as const
  if (!answers.some(deb => common.has(deb))) return undefined
  if (apts.length > 0) return { rule: 'apt keeps a needless alternative', debs: apts } as const
  return ours.length > 0 ? ({ rule: 'apt found it met', debs: ours } as const) : undefined
}

/** Both are providers of the group's names, and nothing but their names tells them apart for apt. */
function haveEqualRank(left: BinaryPackage, right: BinaryPackage, group: OrGroup): boolean {
  const isReal = (deb: BinaryPackage) => group.some(({ packageName }) => packageName === deb.name)
  return (
    !isReal(left) &&
    !isReal(right) &&
    left.essential === right.essential &&
    left.important === right.important &&
    left.priority === right.priority
  )
}

function groupsOf(deb: BinaryPackage): readonly OrGroup[] {
  return [...deb.preDepends, ...deb.depends]
}
