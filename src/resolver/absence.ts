import { type BinaryPackage, satisfies, type VersionConstraint } from '../debian/index.ts'
import { sortedByBytes } from '../kernel/index.ts'
import type { WantedSelection } from '../manifest/index.ts'
import type { Encoding } from './encoding.ts'
import { architecturesThatHave } from './missing-in-root.ts'
import { listed, nameOf } from './name-debs.ts'
import type { Requirement } from './requirements.ts'

/**
 * Why nothing satisfies a requirement, to follow `but`: no such name, or a name that is only provided, or not in such a
 * version or suite, or not for this architecture.
 */
export function absenceOf(requirement: Requirement, encoding: Encoding): string {
  const { group, owner, text } = requirement
  const { universe, slotOf, request } = encoding
  const slot = owner === undefined ? universe.nativeArchitecture : slotOf(owner)
  const wanted = owner === undefined ? request.wanted.find(each => each.text === text) : undefined
  const selection = wanted?.selection ?? candidate
  const available = group.flatMap(({ packageName }) => universe.packagesNamed(packageName))
  const providers = [...new Set(group.flatMap(({ packageName }) => universe.providersOf(packageName)))]
  const names = group.map(({ packageName }) => packageName)
  const missing = names.length === 1 ? `a package ${names[0]}` : `any of ${names.join(', ')}`
  if (available.length === 0 && providers.length > 0)
    return `no archive has ${missing}, and what provides it (${listed(providers)}) does so ${flawOf(requirement, { providers, selection, slot })}`
  if (available.length === 0) {
    const elsewhere = architecturesThatHave({ alternatives: group, selection: candidate }, request)
    if (elsewhere.length === 0) return `no archive has ${missing}`
    return `no archive has ${missing} for ${slot}, only for ${elsewhere.join(', ')}`
  }
  if (selection.kind === 'suite') return `the archives have ${namesOf(available)} only in ${placesOf(available)}`
  if (available.every(deb => slotOf(deb) !== slot))
    return `the archives have only ${listed(available)}, not for ${slot}`
  const isOnlyFor = (qualifier: string) =>
    group.some(
      ({ packageName, architectureQualifier, constraint }) =>
        architectureQualifier === qualifier &&
        universe.packagesNamed(packageName).some(({ version }) => meets(version, constraint)),
    )
  const flaw = isOnlyFor('any')
    ? ', not Multi-Arch: allowed'
    : isOnlyFor('native')
      ? ', and :native is for build dependencies alone'
      : ''
  return `the archives have only ${listed(available)}${flaw}`
}

const candidate: WantedSelection = { kind: 'candidate' }

interface Provided {
  readonly providers: readonly BinaryPackage[]
  readonly selection: WantedSelection
  readonly slot: string
}

/** What is amiss with those who provide a name that no package has. */
function flawOf({ group }: Requirement, { providers, selection, slot }: Provided): string {
  if (selection.kind !== 'candidate') return `without a ${selection.kind} of its own`
  const isInVersion = group.some(({ packageName, constraint }) =>
    providers.some(deb => deb.provides.some(({ name, version }) => name === packageName && meets(version, constraint))),
  )
  return isInVersion ? `for other architectures than ${slot}` : 'in no such version'
}

function meets(version: string | undefined, constraint: VersionConstraint | undefined): boolean {
  return constraint === undefined || (version !== undefined && satisfies(version, constraint))
}

function namesOf(debs: readonly BinaryPackage[]): string {
  return [...new Set(debs.map(nameOf))].join(', ')
}

function placesOf(debs: readonly BinaryPackage[]): string {
  return sortedByBytes(
    new Set(debs.flatMap(deb => deb.listings.map(({ archive, suite }) => `${archive}/${suite}`))),
  ).join(', ')
}
