import type { LockRequest } from './model.ts'
import { mergeLines, mergeSets, mergeValue, type Preference, type Three } from './three-way.ts'

/** What both branches together ask for: the request that the merged manifest makes. */
export function mergeRequests(requests: Three<LockRequest>, prefer: Preference): LockRequest {
  const of = <Part extends keyof LockRequest>(part: Part): Three<LockRequest[Part]> => ({
    base: requests.base?.[part],
    ours: requests.ours[part],
    theirs: requests.theirs[part],
  })
  return {
    architectures: mergeLines(of('architectures'), nativeOf, prefer),
    archives: mergeLines(of('archives'), withoutMarks, prefer),
    base: mergeValue(of('base'), prefer),
    recommends: mergeSwitch(of('recommends'), prefer),
    wanted: mergeLines(of('wanted'), packageWanted, prefer),
    exclude: mergeSets(of('exclude')),
    sameVersion: mergeSwitch(of('sameVersion'), prefer),
    phasedUpdates: mergeValue(of('phasedUpdates'), prefer),
    pins: mergeLines(of('pins'), subjectOfPin, prefer),
    debs: mergeLines(of('debs'), withoutLastWord, prefer),
  }
}

/** The names that an item of `wanted` is met by, apart from virtual packages. */
export function namesOfWanted(item: string): readonly string[] {
  return item.split('|').map(alternative => /^[^\s(=/:[]*/.exec(alternative.trim())?.[0] ?? '')
}

function mergeSwitch(
  { base, ours, theirs }: Three<boolean | readonly string[]>,
  prefer: Preference,
): boolean | readonly string[] {
  // Lists of names grow on both branches; a list against `true` is another wish.
  if (typeof ours === 'boolean' || typeof theirs === 'boolean' || typeof base === 'boolean')
    return mergeValue<boolean | readonly string[]>({ base, ours, theirs }, prefer)
  return mergeSets({ base, ours, theirs })
}

/** `amd64+i386` is about the root of amd64. */
function nativeOf(root: string): string {
  return root.split('+', 1)[0] ?? root
}

/** `debian bookworm main [architectures=amd64]` without what stands in brackets. */
function withoutMarks(line: string): string {
  return line.replace(/ \[.*$/, '')
}

/** `nginx (>= 1.22) [amd64]`, `nginx=1.22.1-9 [amd64]` and `nginx/stable [amd64]` all speak of `nginx [amd64]`. */
function packageWanted(item: string): string {
  return item.includes('|') ? item : item.replace(/^([^\s(=/[]+)(?:[=/]\S+| \([^)]*\))/, '$1')
}

function subjectOfPin(line: string): string {
  return line.replace(/ (?:version|release|origin|priority)=.*$/, '')
}

function withoutLastWord(line: string): string {
  return line.slice(0, Math.max(line.lastIndexOf(' '), 0))
}
