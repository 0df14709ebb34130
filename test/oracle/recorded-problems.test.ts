import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import { recordProblem, resolvePackages } from '../../src/resolver/index.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { answerText, liveRequest, recordedCases } from '../support/recorded-problems.ts'
import { quietSession } from '../support/scratch.ts'

const fixture = (name: string) => new URL(`../../fixtures/recorded-problems/${name}`, import.meta.url)

describe.skipIf(skippedForWantOf(missingForRealData()))('a problem recorded from bookworm', () => {
  for (const [name, each] of Object.entries(recordedCases)) {
    it(`has the same bytes when it is recorded again, and the live archive gives its answer: ${name}`, async () => {
      const live = await liveRequest(each)
      const text = recordProblem(live)
      if (process.env.APTROOT_ACCEPT === 'yes') writeFileSync(fixture(`${name}.json`), text)
      assert.equal(text, readFileSync(fixture(`${name}.json`), 'utf8'))
      const answer = answerText(await resolvePackages(live, quietSession()))
      assert.equal(answer, readFileSync(fixture(`${name}.expected.txt`), 'utf8'))
    })
  }
})
