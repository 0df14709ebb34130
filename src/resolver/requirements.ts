import type { BinaryPackage, OrGroup } from '../debian/index.ts'
import type { RecommendsPolicy } from '../manifest/index.ts'

/** `update`: a version that the update itself demands. */
export type RequirementField = 'packages' | 'update' | 'base' | 'Pre-Depends' | 'Depends' | 'Recommends'

/** Something that must hold if its owner is chosen: one or-group, and the debs that satisfy it. */
export interface Requirement {
  /** undefined: the manifest or the update asks for it. */
  readonly owner: BinaryPackage | undefined
  readonly field: RequirementField
  /** As the manifest or the field says it. */
  readonly text: string
  readonly group: OrGroup
  /** Variables of the debs that satisfy it, what to try first in front. */
  readonly alternatives: readonly number[]
}

/** Why a clause of the problem holds. Each kind has its formula where it is encoded. */
export type ClauseOrigin =
  | { readonly kind: 'requirement'; readonly requirement: Requirement }
  | {
      readonly kind: 'conflict'
      readonly owner: BinaryPackage
      readonly field: 'Conflicts' | 'Breaks'
      readonly text: string
      readonly target: BinaryPackage
    }
  | { readonly kind: 'one-version'; readonly left: BinaryPackage; readonly right: BinaryPackage }
  | { readonly kind: 'not-coinstallable'; readonly left: BinaryPackage; readonly right: BinaryPackage }
  | { readonly kind: 'excluded'; readonly deb: BinaryPackage }
  | { readonly kind: 'forbidden-by-pin'; readonly deb: BinaryPackage }
  /** Another version was settled on for all roots (`same-version`). */
  | { readonly kind: 'out-of-step'; readonly deb: BinaryPackage }
  | { readonly kind: 'foreign-dpkg'; readonly deb: BinaryPackage }
  | { readonly kind: 'not-candidate'; readonly deb: BinaryPackage }

export interface EncodedClause {
  /** Unique in its encoding; the solver's tag. */
  readonly tag: number
  readonly literals: readonly number[]
  readonly origin: ClauseOrigin
}

/** Whether the Recommends of a deb are followed. */
export function followsRecommends(policy: RecommendsPolicy): (deb: BinaryPackage) => boolean {
  switch (policy.kind) {
    case 'skip':
      return () => false
    case 'follow':
      return () => true
    case 'follow-of': {
      const names = new Set(policy.packages)
      return deb => names.has(deb.name)
    }
  }
}
