import {
  type BinaryPackage,
  type PackageUniverse,
  type ProvidedName,
  type Relation,
  satisfies,
  type VersionConstraint,
} from '../debian/index.ts'
import { rootArchitectureOf } from './candidates.ts'

/** What a relation can be about, for packages of one root. */
export interface RelationTargets {
  /** Debs that satisfy a Depends-like relation of a package of `architecture`, real packages before providers; unordered else. */
  satisfying(relation: Relation, architecture: string): readonly BinaryPackage[]
  /** Debs that a Conflicts or Breaks of `owner` speaks about. */
  excluded(relation: Relation, owner: BinaryPackage): readonly BinaryPackage[]
}

/**
 * The rules of Debian Policy 7 and of Multi-Arch (as dpkg's `deparchsatisfied` judges them) about which deb meets
 * which relation. Answers are cached: most relations of an archive are written many times, and its universe hands out one object for those that
 * are written alike, which is found sooner than its text is put together.
 */
export function relationTargets(universe: PackageUniverse): RelationTargets {
  const { nativeArchitecture } = universe
  /** By architecture. */
  const satisfyingByRelation = new Map<string, Map<Relation, readonly BinaryPackage[]>>()
  const excludedByRelation = new Map<Relation, readonly BinaryPackage[]>()

  function satisfying(relation: Relation, architecture: string): readonly BinaryPackage[] {
    let byRelation = satisfyingByRelation.get(architecture)
    if (byRelation === undefined) {
      byRelation = new Map()
      satisfyingByRelation.set(architecture, byRelation)
    }
    const known = byRelation.get(relation)
    if (known !== undefined) return known
    const real = universe
      .packagesNamed(relation.packageName)
      .filter(
        deb =>
          meetsConstraint(deb.version, relation.constraint) &&
          servesArchitecture(deb, undefined, relation.architectureQualifier, architecture),
      )
    const providers = universe.providersOf(relation.packageName)
    const found =
      providers.length === 0
        ? real
        : [
            ...real,
            ...providers.filter(
              deb =>
                !real.includes(deb) &&
                providesFor(deb, relation).some(provided =>
                  servesArchitecture(deb, provided.architectureQualifier, relation.architectureQualifier, architecture),
                ),
            ),
          ]
    byRelation.set(relation, found)
    return found
  }

  /**
   * Whether `deb`, or the name it provides as `providedFor`, serves a relation of a package of `architecture`. What is
   * provided as `name:any` serves `name:any` alone: dpkg configures nothing that asks for the plain name.
   */
  function servesArchitecture(
    deb: BinaryPackage,
    providedFor: string | undefined,
    qualifier: string | undefined,
    architecture: string,
  ): boolean {
    const own = providedFor ?? slotOf(deb)
    switch (qualifier) {
      case undefined:
        return own === architecture || deb.multiArch === 'foreign'
      case 'any':
        return deb.multiArch === 'allowed' || own === 'any'
      case 'native':
        // Valid in Build-Depends only (deb-src-control(5)); dpkg never satisfies it in a binary package.
        return false
      default:
        return own === qualifier
    }
  }

  function excluded(relation: Relation, owner: BinaryPackage): readonly BinaryPackage[] {
    const known = excludedByRelation.get(relation)
    const anywhere = known ?? excludedAnywhere(relation)
    if (known === undefined) excludedByRelation.set(relation, anywhere)
    return anywhere.length === 0 ? anywhere : anywhere.filter(deb => deb.name !== owner.name)
  }

  /** Conflicts and Breaks reach every architecture unless they name one (SEMANTICS T41). */
  function excludedAnywhere(relation: Relation): readonly BinaryPackage[] {
    const qualifier = relation.architectureQualifier
    const inReach = (deb: BinaryPackage, providedFor: string | undefined) => {
      if (qualifier === undefined || qualifier === 'any' || providedFor === 'any') return true
      return (providedFor ?? slotOf(deb)) === qualifier
    }
    const real = universe
      .packagesNamed(relation.packageName)
      .filter(deb => meetsConstraint(deb.version, relation.constraint) && inReach(deb, undefined))
    const providers = universe.providersOf(relation.packageName)
    return providers.length === 0
      ? real
      : [
          ...real,
          ...providers.filter(
            deb =>
              !real.includes(deb) &&
              providesFor(deb, relation).some(provided => inReach(deb, provided.architectureQualifier)),
          ),
        ]
  }

  function slotOf(deb: BinaryPackage): string {
    return rootArchitectureOf(deb, nativeArchitecture)
  }

  return { satisfying, excluded }
}

/** The entries of a deb's Provides that meet a relation; an unversioned one never meets a versioned relation. */
function providesFor(deb: BinaryPackage, { packageName, constraint }: Relation): readonly ProvidedName[] {
  return deb.provides.filter(
    ({ name, version }) =>
      name === packageName &&
      (constraint === undefined || (version !== undefined && meetsConstraint(version, constraint))),
  )
}

function meetsConstraint(version: string, constraint: VersionConstraint | undefined): boolean {
  return constraint === undefined || satisfies(version, constraint)
}
