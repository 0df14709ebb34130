import {
  type BinaryPackage,
  formatOrGroup,
  formatProvidedName,
  formatRelation,
  type Listing,
  type Relation,
} from '../debian/index.ts'
import { compareBytes, sortedByBytes } from '../kernel/index.ts'
import type { Pin, WantedSelection } from '../manifest/index.ts'
import type { ResolutionRequest } from './model.ts'
import { type ReachablePackages, reachablePackages, wantedNames } from './reachable-packages.ts'

/** The only format of recorded problems that this version writes. */
export const problemFormat = 1

/**
 * A request and the part of the universe that it can reach, as a JSON document: what a report about the resolver needs.
 *
 * The same problem gives the same bytes: lists are sorted unless their order steers, keys have a fixed order, there is one
 * line per package. Of an archive it names what pins and messages go by; addresses, paths and dates are left out.
 * `readRecordedProblem` reads it back.
 */
export function recordProblem(request: ResolutionRequest): string {
  const reachable = reachablePackages(request)
  const debs = [...reachable.choosable, ...reachable.mentioned].sort(comparePackages)
  const places = placesOf(debs, request.pins)
  const provided = namesInRelations(request, reachable)
  const { nativeArchitecture, foreignArchitectures } = request.universe
  const head = {
    'aptroot-problem': problemFormat,
    native: nativeArchitecture,
    foreign: foreignArchitectures,
    request: recordedRequest(request),
    suites: places.map(place => JSON.parse(place) as unknown),
  }
  const packages = debs.map(deb =>
    JSON.stringify({
      ...identityOf(deb, places, request.pins),
      ...(reachable.choosable.has(deb) ? relationsOf(deb, reachable) : {}),
      ...field('provides', deb.provides.filter(({ name }) => provided.has(name)).map(formatProvidedName)),
    }),
  )
  const text = JSON.stringify(head, undefined, 2)
  return `${text.slice(0, text.lastIndexOf('\n'))},\n  "packages": [\n    ${packages.join(',\n    ')}\n  ]\n}\n`
}

function recordedRequest(request: ResolutionRequest) {
  const { wanted, base, recommends, exclude, pins, asOf, otherArchitectures = [] } = request
  const { phasedUpdates = 'always' } = request
  return {
    wanted: wanted
      .map(({ text, alternatives, selection, architectures }) => ({
        text,
        relation: formatOrGroup(alternatives),
        ...selectionOf(selection),
        ...(architectures === undefined ? {} : { architectures }),
      }))
      .sort((left, right) => compareBytes(left.text, right.text)),
    base,
    recommends: recommends.kind === 'follow-of' ? sortedByBytes(recommends.packages) : recommends.kind === 'follow',
    exclude: sortedByBytes(exclude),
    pins: pins.map(({ position: _, ...pin }) => pin),
    asOf,
    ...(phasedUpdates === 'always' ? {} : { phasedUpdates }),
    ...(otherArchitectures.length === 0 ? {} : { otherArchitectures }),
  }
}

function selectionOf(selection: WantedSelection): { readonly version?: string; readonly suite?: string } {
  switch (selection.kind) {
    case 'candidate':
      return {}
    case 'version':
      return { version: selection.version }
    case 'suite':
      return { suite: selection.suite }
    default:
      return selection satisfies never
  }
}

/** Where debs are listed and what the Release says, each place once, as JSON in byte order. */
function placesOf(debs: readonly BinaryPackage[], pins: readonly Pin[]): readonly string[] {
  return sortedByBytes(new Set(debs.flatMap(deb => deb.listings.map(listing => placeOf(listing, pins)))))
}

function placeOf({ archive, suite, component, security, release }: Listing, pins: readonly Pin[]): string {
  return JSON.stringify({
    archive,
    suite,
    component,
    ...(security ? { security } : {}),
    release: {
      origin: release.origin,
      label: release.label,
      suite: release.suite,
      codename: release.codename,
      version: release.version,
      ...(release.notAutomatic ? { notAutomatic: true } : {}),
      ...(release.butAutomaticUpgrades ? { butAutomaticUpgrades: true } : {}),
      // Nothing else goes by the host, and a private one is nobody's business.
      ...(pins.some(pin => pin.origin !== undefined) ? { host: release.host } : {}),
    },
  })
}

function identityOf(deb: BinaryPackage, places: readonly string[], pins: readonly Pin[]) {
  return {
    name: deb.name,
    version: deb.version,
    architecture: deb.architecture,
    ...(deb.source.name === deb.name ? {} : { source: deb.source.name }),
    ...(deb.source.version === deb.version ? {} : { sourceVersion: deb.source.version }),
    ...(deb.essential ? { essential: true } : {}),
    ...(deb.important ? { important: true } : {}),
    ...(deb.priority === 'optional' ? {} : { priority: deb.priority }),
    ...(deb.multiArch === 'no' ? {} : { multiArch: deb.multiArch }),
    ...(deb.phasedUpdatePercentage === undefined ? {} : { phasedUpdatePercentage: deb.phasedUpdatePercentage }),
    sha256: deb.sha256,
    suites: deb.listings.map(listing => places.indexOf(placeOf(listing, pins))),
  }
}

function relationsOf(deb: BinaryPackage, reachable: ReachablePackages) {
  const counted = new Set(reachable.groupsOf(deb))
  return {
    ...field('preDepends', deb.preDepends.map(formatOrGroup)),
    ...field('depends', deb.depends.map(formatOrGroup)),
    ...field('recommends', deb.recommends.filter(group => counted.has(group)).map(formatOrGroup)),
    ...field('conflicts', effective(deb.conflicts, deb, reachable).map(formatRelation)),
    ...field('breaks', effective(deb.breaks, deb, reachable).map(formatRelation)),
  }
}

/** Those of its Conflicts or Breaks that keep something choosable out. */
function effective(relations: readonly Relation[], deb: BinaryPackage, { choosable, targets }: ReachablePackages) {
  return relations.filter(relation => targets.excluded(relation, deb).some(each => choosable.has(each)))
}

function field(name: string, items: readonly string[]): Readonly<Record<string, string>> {
  return items.length === 0 ? {} : { [name]: items.join(', ') }
}

/** The names that a relation of the problem speaks of: nobody asks for any other Provides. */
function namesInRelations(request: ResolutionRequest, reachable: ReachablePackages): ReadonlySet<string> {
  const names = new Set(wantedNames(request))
  for (const deb of reachable.choosable) {
    for (const { packageName } of reachable.groupsOf(deb).flat()) names.add(packageName)
    for (const relations of [deb.conflicts, deb.breaks])
      for (const { packageName } of effective(relations, deb, reachable)) names.add(packageName)
  }
  return names
}

function comparePackages(left: BinaryPackage, right: BinaryPackage): number {
  return (
    compareBytes(left.name, right.name) ||
    compareBytes(left.architecture, right.architecture) ||
    compareBytes(left.version, right.version) ||
    compareBytes(left.sha256, right.sha256)
  )
}
