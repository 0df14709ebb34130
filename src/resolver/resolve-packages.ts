import { compareBytes, Fault, type Session, sortedByBytes } from '../kernel/index.ts'
import { runSearch } from '../solver/index.ts'
import { encodeProblem } from './encoding.ts'
import { explainImpossible } from './explain.ts'
import type { Resolution, ResolutionRequest, ResolvedPackage } from './model.ts'
import { reachedPackages } from './reached-packages.ts'
import { resolutionNotes } from './resolution-notes.ts'
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
  const normalised = normalisedRequest(request)
  const encoding = encodeProblem(normalised)
  const selection = await runSearch(selectPackages(encoding), session)
  if (selection.kind === 'impossible') {
    const explanation = await runSearch(explainImpossible(encoding, normalised, selection.core), session)
    return { kind: 'unsolvable', explanation }
  }
  const packages = reachedPackages(encoding, selection.chosen, 'preferred')
  requireVerified(normalised, packages)
  return {
    kind: 'solved',
    packages,
    notes: resolutionNotes(normalised, encoding, { packages, unmet: selection.unmet }),
  }
}

/** The same request for every order in which its parts may be written. */
export function normalisedRequest<Request extends ResolutionRequest>(request: Request): Request {
  return {
    ...request,
    wanted: [...request.wanted].sort((left, right) => compareBytes(left.text, right.text)),
    exclude: sortedByBytes(request.exclude),
  }
}

/** @throws {Fault} `INTERNAL` when the independent check refuses the answer */
export function requireVerified(request: ResolutionRequest, packages: readonly ResolvedPackage[]): void {
  const problems = verifyResolution(request, packages)
  if (problems.length === 0) return
  throw new Fault('INTERNAL', {
    message: `the resolver's own check refuses its answer: ${problems[0]}`,
    hint: 'This is a bug in aptroot: report it with the manifest and the date of the archive.',
    context: { problems },
  })
}
