import assert from 'node:assert/strict'
import { it } from 'vitest'
import { archive, explain, type RequestDetails, resolve, type Stanzas, type Surroundings } from './universe.ts'

/** One case that other resolvers stumbled over, told again with packages of our own. */
export interface PortedScenario {
  /** A sentence about Debian. */
  readonly says: string
  readonly debs: Stanzas
  readonly wanted: readonly string[]
  /** What is chosen; a pattern: there is no solution, and the explanation says so. */
  readonly gives: readonly string[] | RegExp
  readonly details?: RequestDetails
  readonly surroundings?: Surroundings
}

/** Also with the stanzas in reverse: no answer may depend on the order of a file. */
export function checkScenarios(scenarios: readonly PortedScenario[]): void {
  for (const { says, debs, wanted, gives, details = {}, surroundings = {} } of scenarios)
    it(says, async () => {
      for (const stanzas of [debs, Object.fromEntries(Object.entries(debs).reverse())]) {
        const universe = archive(stanzas, surroundings)
        if (gives instanceof RegExp) assert.match((await explain(universe, wanted, details)).lines.join('\n'), gives)
        else assert.deepEqual(await resolve(universe, wanted, details), gives)
      }
    })
}
