import { Fault, quoted, type Session } from '../kernel/index.ts'
import type { Release } from './release.ts'

export interface ReleaseExpectation {
  /** Archive id of the manifest. */
  readonly archive: string
  /** As the manifest asks for it: a suite, a codename, or the folder of a flat repository, which ends in a slash. */
  readonly suite: string
  /** When expiry is judged. */
  readonly asOf: Date
  /** A suite without Valid-Until that stands still for longer is worth a warning. */
  readonly maxAgeSeconds: number | undefined
  /** The URL of the Release, for messages. */
  readonly name: string
}

/** As for signatures: this machine's clock may be behind the archive's by so much. */
export const futureToleranceSeconds = 3600

/**
 * Checks that a Release is the one that was asked for and is of today.
 *
 * @throws {Fault} `RELEASE_MISMATCH`, `RELEASE_EXPIRED`, `RELEASE_FUTURE`
 */
export function checkRelease(release: Release, expected: ReleaseExpectation, session: Session): void {
  checkSuite(release, expected, session)
  checkFuture(release, expected)
  checkValidUntil(release, expected)
  warnOfStandstill(release, expected, session)
}

/** A mirror (or who controls it) may serve another suite, signed by the same key, at this one's address. */
function checkSuite(release: Release, { archive, suite, name }: ReleaseExpectation, session: Session): void {
  if (suite.endsWith('/')) return
  const names = [release.suite, release.codename].filter(each => each !== undefined)
  if (names.length === 0) {
    const message = `${name} names neither Suite nor Codename, so nothing proves that it is ${suite} of ${archive}`
    session.journal.emit({ kind: 'warned', stage: 'archive', message })
    return
  }
  if (names.includes(suite) || names.includes(beforeLastSlash(suite))) return
  const found = `Suite ${quoted(release.suite ?? '')} and Codename ${quoted(release.codename ?? '')}`
  throw new Fault('RELEASE_MISMATCH', {
    message: `${name} was asked for as ${quoted(suite)}, but it has ${found}`,
    hint: 'Write one of these names under `suites:`, or try another mirror with `--mirror ID=URI`.',
    context: { file: name, suite, names },
  })
}

/** `buster/updates` was how security suites were named before bullseye; their Codename is `buster`. */
function beforeLastSlash(suite: string): string {
  const slash = suite.lastIndexOf('/')
  return slash === -1 ? suite : suite.slice(0, slash)
}

function checkFuture({ date }: Release, { asOf, name }: ReleaseExpectation): void {
  if (date.getTime() <= asOf.getTime() + futureToleranceSeconds * 1000) return
  throw new Fault('RELEASE_FUTURE', {
    message: `${name} is dated ${date.toISOString()}, more than an hour after ${asOf.toISOString()}`,
    hint: "Set this machine's clock, or give a later `--as-of TIME`.",
    context: { file: name, date: date.toISOString(), asOf: asOf.toISOString() },
  })
}

function checkValidUntil({ date, validUntil }: Release, { asOf, name }: ReleaseExpectation): void {
  if (validUntil === undefined || asOf <= validUntil) return
  throw new Fault('RELEASE_EXPIRED', {
    message: `${name} of ${date.toISOString()} was valid until ${validUntil.toISOString()}, and it is ${asOf.toISOString()}`,
    hint: 'The mirror stands still: try another with `--mirror ID=URI`; a past state is judged with `--as-of TIME`.',
    context: { file: name, validUntil: validUntil.toISOString(), asOf: asOf.toISOString() },
  })
}

function warnOfStandstill(release: Release, expected: ReleaseExpectation, session: Session): void {
  const { asOf, maxAgeSeconds, name } = expected
  if (maxAgeSeconds === undefined || release.validUntil !== undefined) return
  const ageSeconds = Math.floor((asOf.getTime() - release.date.getTime()) / 1000)
  if (ageSeconds <= maxAgeSeconds) return
  const days = Math.floor(ageSeconds / 86_400)
  const message = `${name} is ${days} days old, older than the archive's max-age of ${Math.floor(maxAgeSeconds / 86_400)} days`
  session.journal.emit({ kind: 'warned', stage: 'archive', message, hint: 'Does the mirror still follow the archive?' })
}
