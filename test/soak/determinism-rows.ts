import type { SeededRandom } from '../support/seeded-random.ts'

/** What may differ between two builds of one lock, and must not show. */
export const conditions = {
  builder: ['root', 'ordinary user', 'chroot'],
  disk: ['ext4', 'tmpfs'],
  umask: ['022', '077'],
  locale: ['UTC C.UTF-8', 'Asia/Kathmandu tr_TR.UTF-8'],
  folder: ['short', 'a long one, with spaces'],
  processors: ['one', 'two'],
  course: ['straight', 'killed and resumed'],
} as const

export type Conditions = { readonly [Name in keyof typeof conditions]: (typeof conditions)[Name][number] }

type Names = keyof typeof conditions

/**
 * Rows in which each value of a condition meets each value of every other one, found greedily: of the possible rows always the one that brings
 * the most new pairs, the first of equals.
 *
 * @param isPossible leaves out rows that no machine can have
 */
export function pairwiseRows(isPossible: (row: Conditions) => boolean): readonly Conditions[] {
  const all = everyRow().filter(isPossible)
  const open = new Set(all.flatMap(pairsOf))
  const rows: Conditions[] = []
  while (open.size > 0) {
    let best: { row: Conditions; count: number } | undefined
    for (const row of all) {
      const count = pairsOf(row).filter(pair => open.has(pair)).length
      if (best === undefined || count > best.count) best = { row, count }
    }
    if (best === undefined) break
    rows.push(best.row)
    for (const pair of pairsOf(best.row)) open.delete(pair)
  }
  return rows
}

/** A row for each builder, each of which has another value than the one before for each condition. */
export function rowsOfBuilders(): readonly Conditions[] {
  const names = Object.keys(conditions) as Names[]
  return conditions.builder.map((builder, at) => {
    const others = names.filter(name => name !== 'builder').map(name => [name, conditions[name][at % 2]])
    return { builder, ...Object.fromEntries(others) }
  })
}

/** A row that has another value for each condition. */
export function oppositeOf(row: Conditions, random: SeededRandom): Conditions {
  const names = Object.keys(conditions) as Names[]
  const other = (name: Names) => {
    const values = conditions[name].filter(value => value !== row[name])
    return values[random.below(values.length)]
  }
  return Object.fromEntries(names.map(name => [name, other(name)])) as Conditions
}

function everyRow(): readonly Conditions[] {
  let rows: readonly Partial<Conditions>[] = [{}]
  for (const name of Object.keys(conditions) as Names[])
    rows = rows.flatMap(row => conditions[name].map(value => ({ ...row, [name]: value })))
  return rows as readonly Conditions[]
}

function pairsOf(row: Conditions): readonly string[] {
  const values = Object.entries(row).map(([name, value]) => `${name}=${value}`)
  return values.flatMap((one, at) => values.slice(at + 1).map(other => `${one} & ${other}`))
}
