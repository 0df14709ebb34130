import type { PackageUniverse } from '../../src/debian/index.ts'
import { silentJournal } from '../../src/kernel/index.ts'
import {
  type AskedMove,
  type ChangeRequest,
  type ChangeResolution,
  type PreviousDeb,
  type Resolution,
  resolveChange,
} from '../../src/resolver/index.ts'
import { type RequestDetails, request } from './universe.ts'

export type ChangeDetails = RequestDetails & Pick<ChangeRequest, 'previous' | 'moves'>

/** An update of a lock in memory. */
export function change(
  universe: PackageUniverse,
  texts: readonly string[],
  { previous, moves, ...details }: ChangeDetails,
): Promise<ChangeResolution> {
  const session = { signal: new AbortController().signal, journal: silentJournal }
  return resolveChange({ ...request(universe, texts, details), previous, moves }, session)
}

/** What a lock of this resolution would hold. */
export function previousOf(locked: Resolution): readonly PreviousDeb[] {
  if (locked.kind === 'unsolvable') throw new Error(locked.explanation.lines.join('\n'))
  return locked.packages.map(({ package: { name, architecture, version, sha256 } }) => ({
    name,
    architecture,
    version,
    sha256,
  }))
}

export function moving(
  { name, architecture }: Pick<PreviousDeb, 'name' | 'architecture'>,
  target: AskedMove['target'],
): AskedMove {
  return { name, architecture: architecture === 'all' ? 'amd64' : architecture, target }
}
