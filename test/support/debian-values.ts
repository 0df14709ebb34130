import fc from 'fast-check'
import { type OrGroup, type Relation, type VersionConstraint, versionProblem } from '../../src/debian/index.ts'

/** Versions made of the pieces that decide comparisons, so that near-equal pairs are frequent. */
export function versionText(): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    '0',
    '00',
    '1',
    '2',
    '10',
    '9',
    'a',
    'b',
    'Z',
    '.',
    '+',
    '~',
    '+b1',
    '~rc',
    '999999999999',
  )
  const epoch = fc.option(fc.constantFrom('0', '00', '1', '2', '10'), { nil: undefined, freq: 3 })
  const upstream = fc.tuple(
    fc.constantFrom('0', '1', '2', '10'),
    fc.array(fc.oneof(piece, fc.constant('-')), { maxLength: 6 }),
  )
  const revision = fc.array(piece, { minLength: 1, maxLength: 4 })
  return fc.tuple(epoch, upstream, fc.option(revision, { nil: undefined })).map(([epochText, [first, rest], last]) => {
    const upstreamText = `${first}${rest.join('')}`.replace(/-+$/, '')
    const hyphened = last === undefined ? upstreamText : `${upstreamText}-${last.join('')}`
    return epochText === undefined ? hyphened : `${epochText}:${hyphened}`
  })
}

/** Two versions; every other time the second is the first with one small change, which often makes no difference. */
export function versionPair(): fc.Arbitrary<readonly [string, string]> {
  const changed = fc
    .tuple(versionText(), fc.nat(), fc.constantFrom('pad', 'drop', 'epoch', 'revision'))
    .map(([text, at, change]) => [text, changeVersion(text, at % text.length, change)] as const)
  return fc.oneof(fc.tuple(versionText(), versionText()), changed)
}

function changeVersion(text: string, at: number, change: 'pad' | 'drop' | 'epoch' | 'revision'): string {
  switch (change) {
    case 'pad':
      return text.replace(/[0-9]+/g, digits => `0${digits}`)
    case 'drop': {
      const shorter = text.slice(0, at) + text.slice(at + 1)
      return versionProblem(shorter) === undefined ? shorter : text
    }
    case 'epoch':
      return text.includes(':') ? text : `0:${text}`
    case 'revision':
      return text.includes('-') ? text : `${text}-0`
  }
}

export function packageName(): fc.Arbitrary<string> {
  return fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,11}$/)
}

export function versionConstraint(): fc.Arbitrary<VersionConstraint> {
  return fc.record(
    { operator: fc.constantFrom('<<', '<=', '=', '>=', '>>'), version: versionText() },
    { noNullPrototype: true },
  )
}

export function relation(): fc.Arbitrary<Relation> {
  return fc.record(
    {
      packageName: packageName(),
      architectureQualifier: fc.option(fc.constantFrom('any', 'native', 'i386', 'arm64'), { nil: undefined }),
      constraint: fc.option(versionConstraint(), { nil: undefined }),
    },
    { noNullPrototype: true },
  )
}

export function orGroup(): fc.Arbitrary<OrGroup> {
  return fc.tuple(relation(), fc.array(relation(), { maxLength: 3 })).map(([first, rest]) => [first, ...rest])
}
