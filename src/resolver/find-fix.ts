import type { PackageUniverse, Relation } from '../debian/index.ts'
import { nearestNames, unreachable } from '../kernel/index.ts'
import { type BaseSet, formatWanted } from '../manifest/index.ts'
import { type Encoding, encodeProblem } from './encoding.ts'
import { liftOf, liftTogether, withLifts } from './lift-prohibitions.ts'
import { adviceOf, adviceOfAll, type ManifestChange } from './manifest-change.ts'
import { architecturesThatHave } from './missing-in-root.ts'
import type { ResolutionRequest, WantedPackage } from './model.ts'
import type { ClauseOrigin, EncodedClause } from './requirements.ts'
import { selectHard } from './select-packages.ts'
import { type Demand, smallestRelease, without } from './smallest-release.ts'

/** What helps, tried out: with all its changes there is a solution. */
export interface Fix {
  readonly changes: readonly ManifestChange[]
  /** One sentence, for a hint. */
  readonly advice: string
}

/** A change of the manifest that might help, and what the manifest asks for then. */
interface Proposal {
  readonly change: ManifestChange
  readonly request: ResolutionRequest
}

/** At most this many changes are tried before demands are given up: each is a resolution of its own. */
const triedProposals = 16

/**
 * A change of the manifest after which there is a solution. One that keeps every demand, near the reason of the failure, if
 * there is one: an exclusion or a pin lifted, another version, another name, a smaller base set. Else the fewest demands that
 * have to go, so there always is a fix.
 */
export function* findFix(
  encoding: Encoding,
  request: ResolutionRequest,
  core: readonly EncodedClause[],
): Generator<void, Fix> {
  const proposals = distinct(core.flatMap(({ origin }) => proposalsFor(origin, encoding, request)))
  for (const { change, request: changed } of proposals.slice(0, triedProposals)) {
    if ((yield* selectHard(encodeProblem(changed))).kind === 'possible')
      return { changes: [change], advice: `${adviceOf(change)} (checked: then there is a solution)` }
  }
  const lifts = yield* liftTogether(request, core)
  if (lifts !== undefined)
    return { changes: lifts, advice: `${adviceOfAll(lifts)} (checked: then there is a solution)` }
  return released(request, yield* smallestRelease(request, core), core)
}

function released(request: ResolutionRequest, demands: readonly Demand[], core: readonly EncodedClause[]): Fix {
  const changes = demands.map(demand => releaseOf(demand, request))
  const rest = without(request, demands)
  const isNothingLeft = rest.wanted.length === 0 && rest.base === 'none'
  if (changes.length === 1 && !isNothingLeft)
    return { changes, advice: `${adviceOfAll(changes)} (checked: then there is a solution)` }
  const [missing] = core.flatMap(({ origin }) =>
    origin.kind === 'requirement' && origin.requirement.alternatives.length === 0 ? [origin.requirement.text] : [],
  )
  const wish = missing === undefined ? 'other versions' : missing
  const advice = adviceOfAll(changes)
  const checked = isNothingLeft
    ? 'nothing else is wanted'
    : 'then there is a solution, and giving up less is not enough'
  return {
    changes,
    advice: `Add an archive or suite that has ${wish}; or ${advice.slice(0, 1).toLowerCase()}${advice.slice(1)} (checked: ${checked})`,
  }
}

/** An item that other roots may keep is restricted to them instead of taken out. */
function releaseOf(demand: Demand, request: ResolutionRequest): ManifestChange {
  if (demand.kind === 'base') return { kind: 'base', base: 'none' }
  const item = request.wanted.find(({ text }) => text === demand.text && !text.includes('['))
  const { otherRoots, otherArchitectures = [] } = request
  // A replayed problem knows the names of the other roots only.
  const architectures =
    item === undefined ? [] : otherRoots === undefined ? otherArchitectures : architecturesThatHave(item, request)
  if (item === undefined || architectures.length === 0) return { kind: 'unwant', wanted: demand.text }
  return { kind: 'restrict', wanted: demand.text, architectures, by: formatWanted({ ...item, architectures }) }
}

function proposalsFor(origin: ClauseOrigin, encoding: Encoding, request: ResolutionRequest): readonly Proposal[] {
  switch (origin.kind) {
    case 'excluded':
    case 'forbidden-by-pin': {
      const lift = liftOf(origin, request)
      return lift === undefined ? [] : [{ change: lift, request: withLifts(request, [lift]) }]
    }
    case 'requirement':
      switch (origin.requirement.field) {
        case 'packages':
          return request.wanted
            .filter(({ text }) => text === origin.requirement.text)
            .flatMap(each => [
              ...(origin.requirement.alternatives.length === 0
                ? [...widerRootFor(each, request), ...restrictionOf(each, request)]
                : []),
              ...proposalsForWanted(each, encoding, request),
            ])
        case 'base':
          return smallerBases(request.base).map(base => ({
            change: { kind: 'base', base },
            request: { ...request, base },
          }))
        default:
          return []
      }
    case 'conflict':
    case 'one-version':
    case 'not-coinstallable':
    case 'out-of-step':
    case 'foreign-dpkg':
    case 'not-candidate':
      return []
    default:
      return unreachable(origin)
  }
}

/** What this root does not have at all, another root may: then the item needs a restriction. */
function restrictionOf(wanted: WantedPackage, request: ResolutionRequest): readonly Proposal[] {
  const architectures = architecturesThatHave(wanted, request)
  if (architectures.length === 0) return []
  const by = formatWanted({ ...wanted, architectures })
  return [
    {
      change: { kind: 'restrict', wanted: wanted.text, architectures, by },
      request: { ...request, wanted: request.wanted.filter(each => each !== wanted) },
    },
  ]
}

/** `wine32:i386` in a root of amd64 alone: the root may be one with i386 beside. */
function widerRootFor({ alternatives }: WantedPackage, request: ResolutionRequest): readonly Proposal[] {
  return alternatives.flatMap(({ architectureQualifier }) => {
    const universe = request.wider?.get(architectureQualifier ?? '')
    if (universe === undefined) return []
    const change = { kind: 'add-architecture', root: nameOfRoot(request.universe), by: nameOfRoot(universe) } as const
    return [{ change, request: { ...request, universe } }]
  })
}

function nameOfRoot({ nativeArchitecture, foreignArchitectures }: PackageUniverse): string {
  return [nativeArchitecture, ...foreignArchitectures].join('+')
}

/** Not `none`: that gives the demand up. */
function smallerBases(base: BaseSet): readonly BaseSet[] {
  const order: readonly BaseSet[] = ['important', 'required', 'essential']
  return order.slice(order.indexOf(base) + 1)
}

/** A looser form of a wanted item: without its version or suite, or with a name that exists. */
function proposalsForWanted(
  wanted: WantedPackage,
  encoding: Encoding,
  request: ResolutionRequest,
): readonly Proposal[] {
  const [relation] = wanted.alternatives
  const replaceBy = (fields: Partial<WantedPackage>, kind: 'replace' | 'respell'): Proposal => {
    const item = { ...wanted, ...fields }
    const by = formatWanted({ ...item, architectures: wanted.architectures })
    const replacement = { ...item, text: by }
    return {
      change: { kind, wanted: wanted.text, by },
      request: { ...request, wanted: request.wanted.map(each => (each === wanted ? replacement : each)) },
    }
  }
  const { universe } = encoding
  const isKnown = ({ packageName }: Relation) =>
    universe.packagesNamed(packageName).length > 0 || universe.providersOf(packageName).length > 0
  const loose = { selection: { kind: 'candidate' } } as const
  const isLoose =
    wanted.selection.kind === 'candidate' && wanted.alternatives.every(({ constraint }) => constraint === undefined)
  if (!wanted.alternatives.some(isKnown)) {
    return nearestNames(relation.packageName, universe.names()).flatMap(packageName => {
      const near = { ...relation, packageName }
      const asked = replaceBy({ alternatives: [near] }, 'respell')
      // A version or suite that the misspelt name was to have, the right one may not have.
      return isLoose
        ? [asked]
        : [asked, replaceBy({ ...loose, alternatives: [{ ...near, constraint: undefined }] }, 'respell')]
    })
  }
  const [first, ...rest] = wanted.alternatives.map(each => ({ ...each, constraint: undefined }))
  return isLoose || first === undefined ? [] : [replaceBy({ ...loose, alternatives: [first, ...rest] }, 'replace')]
}

function distinct(proposals: readonly Proposal[]): readonly Proposal[] {
  return [...new Map(proposals.map(each => [JSON.stringify(each.change), each])).values()]
}
