import { compareRevisions, nextRevision, type Revision } from './revision-number.ts'

/**
 * What becomes of a checksum that was known before, for ever fixed when a table is made.
 *
 * - `history`: it gets the revision that it had, so that going back to old inputs gives the old debs again.
 * - `no-history`: within a version, answers never decrease: it gets a new, higher revision unless it is the newest, so that machines which
 *   follow upgrades receive what was built last.
 */
export type RevisionMode = 'history' | 'no-history'

export const revisionModes: readonly RevisionMode[] = ['history', 'no-history']

/** What a table holds about a key. */
export interface KnownRevisions {
  /** The latest of this package and architecture, whatever the version: numbers are shared by all versions. */
  readonly newest: Revision | undefined
  /** The latest of this package, architecture, version and checksum. */
  readonly ofChecksum: Revision | undefined
  /** The latest of this package, architecture and version, whatever the checksum. */
  readonly ofVersion: Revision | undefined
}

/** What the service that is extended says about a key, without changing anything. */
export interface UpstreamRevisions {
  /** What it answers to this key; undefined when it would have to give a new one. */
  readonly revision: Revision | undefined
  /** The latest that it has of this package and architecture. */
  readonly newest: Revision | undefined
}

export type Assignment =
  /** The table has it already. */
  | { readonly kind: 'known'; readonly revision: Revision }
  /** The service that is extended has given it; the table remembers it. */
  | { readonly kind: 'adopted'; readonly revision: Revision }
  | { readonly kind: 'new'; readonly revision: Revision }

export interface AssignmentFacts {
  readonly mode: RevisionMode
  /** Of the service's own revisions. */
  readonly depth: number
  readonly known: KnownRevisions
  /** Undefined when no service is extended. */
  readonly upstream: UpstreamRevisions | undefined
}

/**
 * The revision of a key.
 *
 * Two things hold for every sequence of answers that are remembered before the next is given: a package, architecture and revision name one
 * version and checksum, and a new revision is later than all before it. With `history` a key is never answered twice differently; with
 * `no-history` the answers to one package, version and architecture never decrease.
 */
export function assignRevision({ mode, depth, known, upstream }: AssignmentFacts): Assignment {
  const { newest, ofChecksum, ofVersion } = known
  const told = upstream?.revision
  if (mode === 'history') {
    if (ofChecksum !== undefined) return { kind: 'known', revision: ofChecksum }
    if (told !== undefined) return { kind: 'adopted', revision: told }
  } else {
    const isMoved = told !== undefined && (ofVersion === undefined || compareRevisions(told, ofVersion) > 0)
    if (isMoved) return { kind: 'adopted', revision: told }
    if (ofChecksum !== undefined && ofChecksum === ofVersion) return { kind: 'known', revision: ofChecksum }
  }
  return { kind: 'new', revision: nextRevision(depth, newest, upstream?.newest) }
}

/** What a table answers to a key when nothing may be added; undefined when it would have to give a new revision. */
export function revisionWithoutChange(
  mode: RevisionMode,
  { ofChecksum, ofVersion }: KnownRevisions,
): Revision | undefined {
  return mode === 'history' || ofChecksum === ofVersion ? ofChecksum : undefined
}
