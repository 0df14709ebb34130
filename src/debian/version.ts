import { Fault, quoted } from '../kernel/index.ts'
import type { VersionConstraint } from './relation.ts'

/** The parts of `[epoch:]upstream[-revision]` (deb-version(7)). */
export interface Version {
  /** 0 when the version has none. */
  readonly epoch: number
  readonly upstream: string
  /** Undefined when there is no hyphen: a native package. Sorts as `0`. */
  readonly revision: string | undefined
}

/** dpkg keeps the epoch in a C int. */
const greatestEpoch = 2 ** 31 - 1

/**
 * Compares two version strings as dpkg does: epoch, then upstream version, then revision.
 *
 * Only the epoch is checked here, because everything else has an order; `parseVersion` and the readers of relations and
 * indexes refuse what is no version.
 *
 * @returns negative when `left` sorts earlier, zero when equal, positive when later
 * @throws {Fault} `VERSION_MALFORMED` when the epoch is not a decimal number
 * @see Debian Policy 5.6.12, deb-version(7)
 */
export function compareVersions(left: string, right: string): number {
  if (left === right) return 0
  const leftColon = endOfEpoch(left)
  const rightColon = endOfEpoch(right)
  if (leftColon !== -1 || rightColon !== -1) {
    const byEpoch = compareNumbers(left, 0, Math.max(leftColon, 0), right, 0, Math.max(rightColon, 0))
    if (byEpoch !== 0) return byEpoch
  }
  const leftHyphen = left.lastIndexOf('-')
  const rightHyphen = right.lastIndexOf('-')
  const leftEnd = leftHyphen === -1 ? left.length : leftHyphen
  const rightEnd = rightHyphen === -1 ? right.length : rightHyphen
  const byUpstream = compareParts(left, leftColon + 1, leftEnd, right, rightColon + 1, rightEnd)
  if (byUpstream !== 0) return byUpstream
  return compareParts(left, leftEnd + 1, left.length, right, rightEnd + 1, right.length)
}

/**
 * Whether `version` stands in the given relation to the constraint's version.
 *
 * @throws {Fault} `VERSION_MALFORMED` as `compareVersions`
 */
export function satisfies(version: string, constraint: VersionConstraint): boolean {
  const order = compareVersions(version, constraint.version)
  switch (constraint.operator) {
    case '<<':
      return order < 0
    case '<=':
      return order <= 0
    case '=':
      return order === 0
    case '>=':
      return order >= 0
    case '>>':
      return order > 0
  }
}

/** @throws {Fault} `VERSION_MALFORMED` with what `versionProblem` says */
export function parseVersion(text: string): Version {
  const problem = versionProblem(text)
  if (problem !== undefined) throw malformed(text, problem)
  const colon = text.indexOf(':')
  const hyphen = text.lastIndexOf('-')
  return {
    epoch: colon === -1 ? 0 : Number(text.slice(0, colon)),
    upstream: text.slice(colon + 1, hyphen === -1 ? text.length : hyphen),
    revision: hyphen === -1 ? undefined : text.slice(hyphen + 1),
  }
}

/**
 * Why a text is no version, or undefined when it is one.
 *
 * What dpkg calls an error is one here. Of what it only warns about, archives really have versions that begin with a
 * letter and versions with an underscore, so these pass; other foreign characters do not, since versions become parts
 * of file names and of lines.
 */
export function versionProblem(text: string): string | undefined {
  if (plainVersion.test(text)) return undefined
  if (text === '') return 'it is empty'
  const colon = text.indexOf(':')
  if (colon !== -1) {
    if (colon === 0) return 'the epoch is empty'
    for (let at = 0; at < colon; at++) if (!isDigit(text.charCodeAt(at))) return 'the epoch is not a decimal number'
    if (Number(text.slice(0, colon)) > greatestEpoch) return `the epoch is greater than ${greatestEpoch}`
  }
  const hyphen = text.lastIndexOf('-')
  const end = hyphen === -1 ? text.length : hyphen
  if (colon + 1 === end) return 'the upstream version is empty'
  if (hyphen === text.length - 1) return 'the revision is empty'
  for (let at = colon + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (versionCharacters[code] === 1) continue
    if (code === 0x3a && at < end) continue
    return `${quoted(text.charAt(at))} may not occur in the ${at < end ? 'upstream version' : 'revision'}`
  }
  return undefined
}

/** The index of the first colon, or -1. */
function endOfEpoch(text: string): number {
  const colon = text.indexOf(':')
  if (colon === -1) return -1
  if (colon === 0) throw malformed(text, 'the epoch is empty')
  for (let at = 0; at < colon; at++) {
    if (!isDigit(text.charCodeAt(at))) throw malformed(text, 'the epoch is not a decimal number')
  }
  return colon
}

/** Alternating runs of non-digits, by `rank`, and digits, by value; one part ends where its `end` says. */
function compareParts(
  left: string,
  leftStart: number,
  leftEnd: number,
  right: string,
  rightStart: number,
  rightEnd: number,
): number {
  let leftAt = leftStart
  let rightAt = rightStart
  while (leftAt < leftEnd || rightAt < rightEnd) {
    for (;;) {
      const leftRank = leftAt < leftEnd ? rank(left.charCodeAt(leftAt)) : 0
      const rightRank = rightAt < rightEnd ? rank(right.charCodeAt(rightAt)) : 0
      if (leftRank !== rightRank) return leftRank - rightRank
      if (leftRank === 0) break
      leftAt++
      rightAt++
    }
    const leftRun = endOfDigits(left, leftAt, leftEnd)
    const rightRun = endOfDigits(right, rightAt, rightEnd)
    const byValue = compareNumbers(left, leftAt, leftRun, right, rightAt, rightRun)
    if (byValue !== 0) return byValue
    leftAt = leftRun
    rightAt = rightRun
  }
  return 0
}

/** By the number of significant digits, then digit by digit: a run may be longer than any number type holds. */
function compareNumbers(
  left: string,
  leftStart: number,
  leftEnd: number,
  right: string,
  rightStart: number,
  rightEnd: number,
): number {
  let leftAt = leftStart
  let rightAt = rightStart
  while (leftAt < leftEnd && left.charCodeAt(leftAt) === 0x30) leftAt++
  while (rightAt < rightEnd && right.charCodeAt(rightAt) === 0x30) rightAt++
  const byLength = leftEnd - leftAt - (rightEnd - rightAt)
  if (byLength !== 0) return byLength
  for (; leftAt < leftEnd; leftAt++, rightAt++) {
    const difference = left.charCodeAt(leftAt) - right.charCodeAt(rightAt)
    if (difference !== 0) return difference
  }
  return 0
}

function endOfDigits(text: string, start: number, end: number): number {
  let at = start
  while (at < end && isDigit(text.charCodeAt(at))) at++
  return at
}

/** Tilde before the end of the part (0, as is a digit, which ends the run), letters next, everything else last. */
function rank(code: number): number {
  if (isDigit(code)) return 0
  if (isLetter(code)) return code
  return code === 0x7e ? -1 : code + 0x1_0000
}

/** What nearly every version looks like: an epoch that is small, no colon elsewhere. One native search for all characters. */
const plainVersion = /^(?:[0-9]{1,9}:)?[A-Za-z0-9.+~_]+(?:-[A-Za-z0-9.+~_]+)*$/

/** Letters, digits and `.+-~_`. */
const versionCharacters = new Uint8Array(128)
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-~_')
  versionCharacters[character.charCodeAt(0)] = 1

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)
}

function malformed(text: string, problem: string): Fault {
  return new Fault('VERSION_MALFORMED', {
    message: `${quoted(text)} is not a version: ${problem}`,
    hint: 'A version reads [epoch:]upstream[-revision]; see deb-version(7).',
    context: { version: text },
  })
}
