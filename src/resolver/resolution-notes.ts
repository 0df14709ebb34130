import { type BinaryPackage, describePackage } from '../debian/index.ts'
import { compareBytes } from '../kernel/index.ts'
import type { Encoding } from './encoding.ts'
import type { ResolutionNote, ResolutionRequest, ResolvedPackage } from './model.ts'
import type { Requirement } from './requirements.ts'

/** What was chosen, and the Recommends that could not be met beside it. */
interface Chosen {
  readonly packages: readonly ResolvedPackage[]
  readonly unmet: readonly Requirement[]
}

/** What is worth telling about an answer, sorted by message. */
export function resolutionNotes(
  request: ResolutionRequest,
  encoding: Encoding,
  { packages, unmet }: Chosen,
): readonly ResolutionNote[] {
  const debs = new Set(packages.map(each => each.package))
  const notes = [
    ...unmet.filter(({ owner }) => owner !== undefined && debs.has(owner)).map(recommendsNote),
    ...packages.flatMap(each => sameVersionNote(each.package, encoding)),
    ...expiredPinNotes(request),
  ]
  return notes.sort((left, right) => compareBytes(left.message, right.message))
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
