import type { SeededRandom } from './seeded-random.ts'
import type { StanzaFields, Stanzas } from './universe.ts'

/** What one branch does to a project: edits of the manifest, and names that `lock update` may move. */
export interface BranchEdit {
  readonly add: readonly string[]
  readonly remove: readonly string[]
  readonly exclude: readonly string[]
  readonly update: readonly string[]
}

export interface BranchPair {
  /** The archive when the branches began: first versions only. */
  readonly before: Stanzas
  /** The archive when the branches are updated. */
  readonly now: Stanzas
  readonly wanted: readonly string[]
  readonly ours: BranchEdit
  readonly theirs: BranchEdit
}

const applications = ['apache', 'bash', 'curl', 'exim', 'git', 'nginx', 'postfix', 'vim']
const libraries = ['libc', 'libpcre', 'libssl', 'libz']

/** A small archive with libraries, alternatives, a virtual package and exact versions within a source, and two branches of a project. */
export function randomBranchPair(random: SeededRandom): BranchPair {
  const now: Record<string, StanzaFields> = {}
  const some = (names: readonly string[], most: number): string[] =>
    Array.from({ length: random.below(most + 1) }, () => random.pick(names))
  for (const name of libraries)
    for (const version of versions(random)) {
      const deeper = libraries.slice(libraries.indexOf(name) + 1)
      now[`${name} ${version}`] = {
        depends: deeper.length === 0 ? '' : some(deeper, 1).join(', '),
        source: `${name}-source`,
      }
      now[`${name}-dev ${version}`] = { depends: `${name} (= ${version})`, source: `${name}-source` }
    }
  for (const name of applications)
    for (const version of versions(random)) {
      const needs = some(libraries, 2).map(each => `${each}${random.pick(['', '', ` (>= ${version})`])}`)
      const choice = random.below(3) === 0 ? [`${random.pick(applications)} | ${random.pick(applications)}`] : []
      now[`${name} ${version}`] = {
        depends: [...needs, ...choice, ...(random.below(6) === 0 ? ['mta'] : [])].join(', '),
        conflicts:
          random.below(6) === 0 ? `${random.pick(applications)}${random.pick(['', ' (<< 2)', ' (>= 2)'])}` : '',
        ...(['exim', 'postfix'].includes(name) ? { provides: 'mta' } : {}),
      }
    }
  const before = Object.fromEntries(Object.entries(now).filter(([title]) => title.endsWith(' 1')))
  const wanted = [...new Set(some([...applications, ...libraries.map(each => `${each}-dev`)], 4))]
  return { before, now, wanted, ours: randomEdit(random, wanted), theirs: randomEdit(random, wanted) }
}

function versions(random: SeededRandom): readonly string[] {
  return ['1', '2', '3'].slice(0, 1 + random.below(3))
}

function randomEdit(random: SeededRandom, wanted: readonly string[]): BranchEdit {
  const all = [...applications, ...libraries, ...libraries.map(each => `${each}-dev`)]
  const once = (chance: number, names: readonly string[]): readonly string[] =>
    names.length > 0 && random.below(chance) === 0 ? [random.pick(names)] : []
  return {
    add: once(
      2,
      all.filter(each => !wanted.includes(each)),
    ),
    remove: once(4, wanted),
    exclude: once(10, all),
    update: once(2, all),
  }
}
