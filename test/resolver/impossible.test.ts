import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { encodeProblem } from '../../src/resolver/encoding.ts'
import type { ManifestChange, ResolutionRequest } from '../../src/resolver/index.ts'
import { resolvePackages } from '../../src/resolver/index.ts'
import { minimiseCore } from '../../src/resolver/minimise-core.ts'
import type { EncodedClause } from '../../src/resolver/requirements.ts'
import { selectHard } from '../../src/resolver/select-packages.ts'
import { quietSession } from '../support/scratch.ts'
import { archive, pin, request, wanted } from '../support/universe.ts'

const seed = Number(process.env.APTROOT_SEED ?? 11)
const names = ['a', 'b', 'c', 'd', 'e']

const relation = fc
  .tuple(fc.constantFrom(...names, 'v', 'gone'), fc.constantFrom('', '', ' (>= 2)', ' (<< 2)'))
  .map(parts => parts.join(''))
const listOf = (item: fc.Arbitrary<string>, separator: string, most: number) =>
  fc.array(item, { minLength: 1, maxLength: most }).map(parts => parts.join(separator))
const orNothing = (field: fc.Arbitrary<string>, weight: number) =>
  fc.oneof({ weight: 1, arbitrary: fc.constant('') }, { weight, arbitrary: field })

const fields = fc.record({
  depends: orNothing(listOf(listOf(relation, ' | ', 2), ', ', 2), 3),
  conflicts: orNothing(listOf(relation, ', ', 2), 2),
  provides: orNothing(fc.constant('v'), 1),
  priority: fc.constantFrom('optional', 'optional', 'required'),
})

const problem: fc.Arbitrary<ResolutionRequest> = fc
  .record({
    titles: fc.uniqueArray(
      fc.tuple(fc.constantFrom(...names), fc.constantFrom('1', '2')).map(parts => parts.join(' ')),
      { minLength: 2, maxLength: 8 },
    ),
    every: fc.infiniteStream(fields),
    texts: fc.uniqueArray(fc.constantFrom(...names, 'v', 'a=1', 'b (>= 2)', 'c (>= 3)', 'aa'), {
      minLength: 1,
      maxLength: 4,
    }),
    base: fc.constantFrom('none', 'none', 'required'),
    exclude: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 1 }),
    forbidden: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 1 }),
  })
  .map(({ titles, every, texts, base, exclude, forbidden }) => {
    const stanzas = Object.fromEntries(titles.map(title => [title, every.next().value as Record<string, string>]))
    return request(archive(stanzas), texts, {
      base: base as 'none' | 'required',
      exclude,
      pins: forbidden.map(name => pin({ package: name, priority: -1 })),
    })
  })

/** Tries every assignment: a second, stupid opinion. */
function isSatisfiable(clauses: readonly EncodedClause[]): boolean {
  const variables = [...new Set(clauses.flatMap(({ literals }) => literals.map(Math.abs)))]
  const at = new Map(variables.map((variable, index) => [variable, index]))
  const holds = (literal: number, bits: number) =>
    ((bits >> (at.get(Math.abs(literal)) ?? 0)) & 1) === (literal > 0 ? 1 : 0)
  return Array.from({ length: 2 ** variables.length }, (_, bits) => bits).some(bits =>
    clauses.every(({ literals }) => literals.some(literal => holds(literal, bits))),
  )
}

function finished<Value>(steps: Generator<void, Value>): Value {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** What a person makes of a change, from its data alone. */
function applied(asked: ResolutionRequest, change: ManifestChange): ResolutionRequest {
  switch (change.kind) {
    case 'unwant':
    case 'restrict':
      return { ...asked, wanted: asked.wanted.filter(({ text }) => text !== change.wanted) }
    case 'replace':
    case 'respell':
      return { ...asked, wanted: asked.wanted.map(each => (each.text === change.wanted ? wanted(change.by) : each)) }
    case 'unexclude':
      return { ...asked, exclude: asked.exclude.filter(name => name !== change.name) }
    case 'unpin':
      return { ...asked, pins: asked.pins.filter((_pin, at) => !change.pins.includes(at)) }
    case 'base':
      return { ...asked, base: change.base }
    case 'add-architecture':
    case 'same-version':
      return asked
  }
}

describe(`where there is no solution (seed ${seed})`, () => {
  it('a dozen lines say why, and a fix that was tried is offered and works', async () => {
    const offered = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(problem, async asked => {
        const found = await resolvePackages(asked, quietSession())
        if (found.kind === 'solved') return
        const { lines, hint, changes } = found.explanation
        assert.ok(lines.length >= 1 && lines.length <= 12, lines.join('\n'))
        assert.match(hint, /\(checked: /)
        assert.ok(changes.length > 0, 'nothing is offered')
        const repaired = changes.reduce(applied, asked)
        assert.equal((await resolvePackages(repaired, quietSession())).kind, 'solved', hint)
        for (const each of changes) offered.set(each.kind, (offered.get(each.kind) ?? 0) + 1)
        // Giving up demands is the last resort, and then no subset is enough.
        if (changes.some(each => each.kind !== 'unwant')) return
        for (const kept of changes) {
          const fewer = changes.filter(each => each !== kept).reduce(applied, asked)
          assert.equal((await resolvePackages(fewer, quietSession())).kind, 'unsolvable')
        }
      }),
      { numRuns: 600, seed },
    )
    // The campaign means something only if each kind of fix came up.
    for (const kind of ['unwant', 'replace', 'respell', 'unexclude', 'unpin', 'base'])
      assert.ok((offered.get(kind) ?? 0) > 0, `${kind} never came up: ${JSON.stringify([...offered])}`)
  })

  it('the core is contradictory, and every part of it is not', () => {
    let cores = 0
    fc.assert(
      fc.property(problem, asked => {
        const encoding = encodeProblem(asked)
        const selection = finished(selectHard(encoding))
        if (selection.kind === 'possible') return
        const core = finished(minimiseCore(selection.core))
        const variables = new Set(core.flatMap(({ literals }) => literals.map(Math.abs)))
        assert.ok(variables.size <= 12, `${variables.size} variables are too many to try every assignment`)
        assert.ok(!isSatisfiable(core))
        // A part of a satisfiable part is satisfiable: leaving out one clause at a time is enough.
        for (const left of core) assert.ok(isSatisfiable(core.filter(clause => clause !== left)))
        cores++
      }),
      { numRuns: 600, seed },
    )
    assert.ok(cores > 100, `${cores} of 600 universes had no solution`)
  })
})
