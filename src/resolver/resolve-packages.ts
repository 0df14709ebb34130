import { type BinaryPackage, describePackage } from '../debian/index.ts'
import { compareBytes, Fault, type Session, sortedByBytes } from '../kernel/index.ts'
import { runSearch } from '../solver/index.ts'
import { type Encoding, encodeProblem } from './encoding.ts'
import { explainImpossible } from './explain.ts'
import type { Resolution, ResolutionNote, ResolutionRequest, ResolvedPackage } from './model.ts'
import type { Requirement } from './requirements.ts'
import { selectPackages } from './select-packages.ts'
import { verifyResolution } from './verify-resolution.ts'

/**
 * Chooses the debs of one root file system.
 *
 * A pure function of the request: permuted wanted items, archives and stanzas give the same answer, as do another
 * locale, time zone, date or host. "No solution" is an answer, with a proof a person can read.
 *
 * @throws {Fault} `INDEX_MALFORMED` when a reached stanza does not parse; `RESOLVE_TOO_HARD` when the search gives up;
 *   the signal's reason when the session is aborted
 */
export async function resolvePackages(request: ResolutionRequest, session: Session): Promise<Resolution> {
  const normalised: ResolutionRequest = {
    ...request,
    wanted: [...request.wanted].sort((left, right) => compareBytes(left.text, right.text)),
    exclude: sortedByBytes(request.exclude),
  }
  const encoding = encodeProblem(normalised)
  const selection = await runSearch(selectPackages(encoding), session)
  if (selection.kind === 'impossible') {
    const explanation = await runSearch(explainImpossible(encoding, normalised, selection.core), session)
    return { kind: 'unsolvable', explanation }
  }
  const packages = resolvedPackages(encoding, selection.chosen)
  const problems = verifyResolution(normalised, packages)
  if (problems.length > 0) {
    throw new Fault('INTERNAL', {
      message: `the resolver's own check refuses its answer: ${problems[0]}`,
      hint: 'This is a bug in aptroot: report it with the manifest and the date of the archive.',
      context: { problems },
    })
  }
  const notes = [
    ...selection.unmet.filter(({ owner }) => packages.some(each => each.package === owner)).map(recommendsNote),
    ...packages.flatMap(each => sameVersionNote(each.package, encoding)),
    ...expiredPinNotes(normalised),
  ]
  return { kind: 'solved', packages, notes: notes.sort((left, right) => compareBytes(left.message, right.message)) }
}

/**
 * What is reachable from the roots when every or-group is followed to its most preferred chosen alternative: a package
 * that no preferred alternative leads to any more is left out.
 */
function resolvedPackages(encoding: Encoding, chosen: readonly number[]): readonly ResolvedPackage[] {
  const isChosen = new Set(chosen)
  const preferred = ({ alternatives }: Requirement) => alternatives.find(each => isChosen.has(each))
  const rootOf = new Map<number, 'wanted' | 'base'>()
  for (const requirement of [...encoding.roots.requirements].reverse()) {
    const root = preferred(requirement)
    if (root !== undefined) rootOf.set(root, requirement.field === 'base' ? 'base' : 'wanted')
  }
  const needsOf = new Map<number, readonly number[]>()
  const pending = [...rootOf.keys()]
  for (let variable = pending.pop(); variable !== undefined; variable = pending.pop()) {
    if (needsOf.has(variable)) continue
    const { clauses, optional } = encoding.expansionOf(variable)
    const hard = clauses.flatMap(({ origin }) => (origin.kind === 'requirement' ? [origin.requirement] : []))
    const needs = new Set([...hard, ...optional].flatMap(each => preferred(each) ?? []))
    needsOf.set(variable, [...needs])
    pending.push(...needs)
  }
  return [...needsOf]
    .map(([variable, needs]) => ({
      package: encoding.debOf(variable),
      root: rootOf.get(variable),
      needs: needs.map(encoding.debOf).sort(comparePackages),
    }))
    .sort((left, right) => comparePackages(left.package, right.package))
}

function comparePackages(left: BinaryPackage, right: BinaryPackage): number {
  return compareBytes(left.name, right.name) || compareBytes(left.architecture, right.architecture)
}

function recommendsNote({ owner, text, alternatives }: Requirement): ResolutionNote {
  const reason = alternatives.length === 0 ? 'no archive has it' : 'it does not go with what is chosen'
  return {
    kind: 'recommends-skipped',
    message: `${owner === undefined ? '' : describePackage(owner)} recommends ${text}: ${reason}`,
  }
}

function sameVersionNote(deb: BinaryPackage, { candidates, slotOf }: Encoding): ResolutionNote[] {
  const others = candidates
    .ranked(deb.name, slotOf(deb))
    .filter(other => other !== deb && other.version === deb.version && other.sha256 !== deb.sha256)
  return others.map(other => ({
    kind: 'same-version-other-bytes',
    message: `${describePackage(deb)} is offered with sha256 ${deb.sha256} (${placeOf(deb)}, chosen) and ${other.sha256} (${placeOf(other)})`,
  }))
}

function placeOf({ listings: [{ archive, suite, component }] }: BinaryPackage): string {
  return [archive, suite, component].filter(part => part !== '').join('/')
}

function expiredPinNotes({ pins, asOf }: ResolutionRequest): ResolutionNote[] {
  return pins.flatMap(pin => {
    if (asOf === undefined || pin.until === undefined || compareBytes(pin.until, asOf) >= 0) return []
    const subject = pin.package ?? `source ${pin.source ?? '*'}`
    return [
      {
        kind: 'pin-expired' as const,
        message: `the pin of ${subject} was meant to last until ${pin.until} and still applies: ${pin.reason}`,
      },
    ]
  })
}
