import { formatRelation } from '../debian/index.ts'
import type { Session } from '../kernel/index.ts'
import { runSearch } from '../solver/index.ts'
import { forcedChanges } from './change-reasons.ts'
import { type Encoding, encodeProblem } from './encoding.ts'
import { explainImpossible } from './explain.ts'
import { previousSlots, type RefusedTarget, selectMinimalChange, slotKey, type Target } from './minimal-change.ts'
import type { ChangeRequest, ChangeResolution, Explanation, HeldBack, WantedPackage } from './model.ts'
import { reachedPackages } from './reached-packages.ts'
import { resolutionNotes } from './resolution-notes.ts'
import { normalisedRequest, requireVerified, resolvePackages } from './resolve-packages.ts'

/**
 * Chooses the debs of one root file system so that what was asked moves, and as little else of the previous lock as
 * possible; says for everything else that moves what forced it. A pure function of the request.
 *
 * @throws {Fault} as `resolvePackages`
 */
export async function resolveChange(request: ChangeRequest, session: Session): Promise<ChangeResolution> {
  const normalised = normalisedRequest(request)
  const encoding = encodeProblem(normalised)
  const selection = await runSearch(selectMinimalChange(encoding, normalised), session)
  if (selection.kind === 'impossible') {
    const explanation = await runSearch(explainImpossible(encoding, normalised, selection.core), session)
    return { kind: 'unsolvable', explanation }
  }
  if (selection.kind === 'refused')
    return { kind: 'unsolvable', explanation: await explainRefusal(normalised, selection.demands, session) }
  const packages = reachedPackages(encoding, selection.chosen, 'usable')
  requireVerified(normalised, packages)
  const chosen = packages.map(each => each.package)
  const previous = previousSlots(encoding, normalised.previous)
  const asked = new Map(selection.moved.map(({ deb }) => [slotKey(encoding, deb), deb]))
  const bySlot = new Map(chosen.map(deb => [slotKey(encoding, deb), deb.version]))
  return {
    kind: 'solved',
    packages,
    notes: resolutionNotes(normalised, encoding, { packages, unmet: selection.unmet }),
    forced: forcedChanges(encoding, { previous, chosen, asked }),
    heldBack: selection.heldBack.map(target => heldBack(target, encoding, bySlot)),
  }
}

function heldBack({ deb, notWith }: RefusedTarget, encoding: Encoding, bySlot: ReadonlyMap<string, string>): HeldBack {
  return {
    name: deb.name,
    architecture: deb.architecture,
    wish: deb.version,
    chosen: bySlot.get(slotKey(encoding, deb)),
    notWith: notWith.map(each => `${each.deb.name} ${each.deb.version}`),
  }
}

/** Why the demanded versions do not go with the manifest: as if they were wanted too. */
async function explainRefusal(
  request: ChangeRequest,
  demands: readonly Target[],
  session: Session,
): Promise<Explanation> {
  const wanted = demands.map(({ move, deb }): WantedPackage => {
    const isNative = move.architecture === request.universe.nativeArchitecture
    const relation = {
      packageName: deb.name,
      architectureQualifier: isNative ? undefined : move.architecture,
      constraint: undefined,
    }
    return {
      text: `${formatRelation(relation)}=${deb.version}`,
      askedBy: 'update',
      alternatives: [relation],
      selection: { kind: 'version', version: deb.version },
    }
  })
  const resolution = await resolvePackages({ ...request, wanted: [...request.wanted, ...wanted] }, session)
  const asked = wanted.map(each => each.text).join(', ')
  if (resolution.kind === 'solved')
    return {
      lines: [`1. ${asked} cannot be chosen together with what the manifest wants`],
      hint: 'Ask for another version.',
      changes: [],
      core: [],
    }
  return {
    ...resolution.explanation,
    hint: `Ask for another version than ${asked}, or change what the manifest wants.`,
    // Those that were tried are of a manifest that wants the version; this one does not.
    changes: [],
  }
}
