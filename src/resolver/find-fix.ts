import { nearestNames, unreachable } from '../kernel/index.ts'
import { type Encoding, encodeProblem } from './encoding.ts'
import type { ResolutionRequest, WantedPackage } from './model.ts'
import type { ClauseOrigin, EncodedClause } from './requirements.ts'
import { selectHard } from './select-packages.ts'

/** A change of the manifest that might help, and how to say it. */
interface Fix {
  readonly advice: string
  readonly request: ResolutionRequest
}

/** At most this many changes are tried: each is a resolution of its own. */
const triedFixes = 8

/** The first change of the manifest, near the reason of the failure, after which there is a solution; it was tried. */
export function* findFix(
  encoding: Encoding,
  request: ResolutionRequest,
  core: readonly EncodedClause[],
): Generator<void, string> {
  const fixes = core.flatMap(({ origin }) => fixesFor(origin, encoding, request))
  for (const { advice, request: changed } of [...distinct(fixes), ...withoutWanted(request, core)].slice(
    0,
    triedFixes,
  )) {
    if ((yield* selectHard(encodeProblem(changed))).kind === 'possible')
      return `${advice} (checked: then there is a solution)`
  }
  const missing = core.flatMap(({ origin }) =>
    origin.kind === 'requirement' && origin.requirement.alternatives.length === 0 ? [origin.requirement.text] : [],
  )
  const wish = missing[0] === undefined ? 'other versions' : missing[0]
  return `No single change of the manifest helps: add an archive or suite that has ${wish}, or want less.`
}

function fixesFor(origin: ClauseOrigin, encoding: Encoding, request: ResolutionRequest): readonly Fix[] {
  switch (origin.kind) {
    case 'excluded': {
      const { name } = origin.deb
      return [
        {
          advice: `Take ${name} out of \`exclude\``,
          request: { ...request, exclude: request.exclude.filter(each => each !== name) },
        },
      ]
    }
    case 'forbidden-by-pin':
      return [
        {
          advice: `Take the pins with a negative priority off ${origin.deb.name}`,
          request: { ...request, pins: request.pins.filter(({ priority }) => priority >= 0) },
        },
      ]
    case 'requirement':
      return origin.requirement.field === 'packages'
        ? request.wanted
            .filter(({ text }) => text === origin.requirement.text)
            .flatMap(each => wantedFixes(each, encoding, request))
        : []
    case 'conflict':
    case 'one-version':
    case 'not-coinstallable':
    case 'foreign-dpkg':
    case 'not-candidate':
      return []
    default:
      return unreachable(origin)
  }
}

/** A looser form of a wanted item: without its version or suite, or with a name that exists. */
function wantedFixes(wanted: WantedPackage, encoding: Encoding, request: ResolutionRequest): readonly Fix[] {
  const [relation] = wanted.alternatives
  const replaceBy = (replacement: WantedPackage, advice: string): Fix => ({
    advice,
    request: { ...request, wanted: request.wanted.map(each => (each === wanted ? replacement : each)) },
  })
  const { universe } = encoding
  const isKnown =
    universe.packagesNamed(relation.packageName).length > 0 || universe.providersOf(relation.packageName).length > 0
  if (!isKnown) {
    return nearestNames(relation.packageName, universe.names()).map(near => {
      const renamed = { ...wanted, text: near, alternatives: [{ ...relation, packageName: near }] as const }
      return replaceBy(renamed, `Did you mean ${near} instead of ${relation.packageName}? Write \`${near}\``)
    })
  }
  if (wanted.selection.kind === 'candidate' && relation.constraint === undefined) return []
  const plain = { ...relation, constraint: undefined }
  const loosened: WantedPackage = {
    text: relation.packageName,
    alternatives: [plain],
    selection: { kind: 'candidate' },
  }
  return [replaceBy(loosened, `Want \`${relation.packageName}\` instead of \`${wanted.text}\``)]
}

/** Leaving out a wanted item helps whenever the others agree with each other: the last thing to propose. */
function withoutWanted(request: ResolutionRequest, core: readonly EncodedClause[]): readonly Fix[] {
  // Wanting nothing at all is no advice.
  if (request.wanted.length < 2 && request.base === 'none') return []
  const blamed = core.flatMap(({ origin }) =>
    origin.kind === 'requirement' && origin.requirement.field === 'packages' ? [origin.requirement.text] : [],
  )
  return blamed.reverse().map(text => ({
    advice: `Take ${text} out of \`packages\``,
    request: { ...request, wanted: request.wanted.filter(each => each.text !== text) },
  }))
}

function distinct(fixes: readonly Fix[]): readonly Fix[] {
  return [...new Map(fixes.map(fix => [fix.advice, fix])).values()]
}
