import { sourceKey } from '../debian/index.ts'
import { Fault, quoted, type ReleaseSigner, sortedByBytes } from '../kernel/index.ts'
import type { OfferedDeb } from './describe-deb.ts'
import { keyOfDeb, type Suite, type SuiteDescription } from './model.ts'
import type { OfferedSource } from './source-records.ts'
import { withDebs, withSources } from './suite-record.ts'

/** How a publication signs, and what else it sets. */
export interface Publication {
  readonly suite: string
  readonly signer: ReleaseSigner
}

export interface PublishRequest extends Publication {
  readonly component: string
  readonly debs: readonly OfferedDeb[]
  readonly sources: readonly OfferedSource[]
  /** Beside those of the debs. */
  readonly architectures: readonly string[]
  /** What is not said stays as it was. */
  readonly description: Partial<SuiteDescription>
}

/**
 * The suite as a publication wants it.
 *
 * @throws {Fault} `REPOSITORY_RELEASE_FIXED`, `USAGE_INVALID` when no architecture is known
 */
export function wantedSuite(before: Suite | undefined, request: PublishRequest): Suite {
  if (before?.kind === 'release') throw fixed(before)
  const suite = { ...(before ?? newSuite(request.suite)), ...request.description }
  const keys = request.debs.map(({ deb }) => keyOfDeb(deb))
  const sources = request.sources.map(({ source }) => sourceKey(source))
  const withAll = withSources({ ...suite, architectures: architecturesOf(before, request) }, request.component, sources)
  return withDebs(withAll, request.component, keys)
}

function architecturesOf(before: Suite | undefined, { suite, architectures, debs }: PublishRequest): readonly string[] {
  const known = [...(before?.architectures ?? []), ...architectures, ...debs.map(({ deb }) => deb.architecture)]
  const concrete = sortedByBytes(new Set(known.filter(each => each !== 'all')))
  if (concrete.length > 0) return concrete
  throw new Fault('USAGE_INVALID', {
    message: `no architecture is known for the suite ${suite}: its debs are for all of them`,
    hint: 'Name those that machines have, for example `--architecture amd64`.',
    context: { suite },
  })
}

function newSuite(name: string): Suite {
  return {
    name,
    kind: 'moving',
    origin: undefined,
    label: undefined,
    validForSeconds: undefined,
    architectures: [],
    components: new Map(),
    sources: new Map(),
    date: new Date(0),
  }
}

/** Whether two states of a suite list and say the same, dates apart. */
export function sameContent(left: Suite, right: Suite): boolean {
  const textOf = ({ date: _, components, sources, ...rest }: Suite) =>
    JSON.stringify([rest, [...components].sort(), [...sources].sort()])
  return textOf(left) === textOf(right)
}

/** @throws {Fault} `REPOSITORY_SUITE_UNKNOWN` */
export function requireSuite(suite: Suite | undefined, name: string): Suite {
  if (suite !== undefined) return suite
  throw new Fault('REPOSITORY_SUITE_UNKNOWN', {
    message: `the repository has no suite ${quoted(name)}`,
    hint: 'See `aptroot repo list`; `aptroot repo publish --suite NAME` makes one.',
    context: { suite: name },
  })
}

/** Why a suite cannot be written. */
export function fixed({ name, kind }: Suite): Fault {
  return new Fault('REPOSITORY_RELEASE_FIXED', {
    message:
      kind === 'release'
        ? `${name} is a numbered release, which never changes`
        : `${name} is a suite that changes, so no release can have its name`,
    hint: 'Take another number.',
    context: { suite: name },
  })
}
