import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { encodeProblem } from '../../src/resolver/encoding.ts'
import { minimiseCore, solveClauses } from '../../src/resolver/minimise-core.ts'
import { selectHard } from '../../src/resolver/select-packages.ts'
import { runSearch } from '../../src/solver/index.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { frozenUniverse } from '../support/real-universe.ts'
import { quietSession } from '../support/scratch.ts'
import { knownUninstallable } from '../support/uninstallable-packages.ts'
import { explain, request, resolution } from '../support/universe.ts'

describe.skipIf(skippedForWantOf(missingForRealData()))('what bookworm cannot install', () => {
  for (const name of knownUninstallable) {
    it(`is explained in a dozen lines by a minimal core, with a fix that works: ${name}`, async () => {
      const universe = await frozenUniverse('amd64')
      const selection = await runSearch(selectHard(encodeProblem(request(universe, ['nginx', name]))), quietSession())
      assert.ok(selection.kind === 'impossible')
      const core = await runSearch(minimiseCore(selection.core), quietSession())
      assert.equal((await runSearch(solveClauses(core), quietSession())).kind, 'contradiction')
      for (const left of core) {
        const part = core.filter(clause => clause !== left)
        assert.equal((await runSearch(solveClauses(part), quietSession())).kind, 'satisfied')
      }
      const start = performance.now()
      const { lines, hint, changes } = await explain(universe, ['nginx', name])
      assert.ok(lines.length <= 12, lines.join('\n'))
      assert.deepEqual(changes, [{ kind: 'unwant', wanted: name }])
      assert.match(hint, /checked/)
      assert.equal((await resolution(universe, ['nginx'])).kind, 'solved')
      process.stdout.write(
        `${name}: core of ${core.length}, ${lines.length} lines, ${(performance.now() - start).toFixed(0)} ms\n`,
      )
    })
  }
})
