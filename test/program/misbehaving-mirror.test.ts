import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { mirrorCampaign } from '../soak/mirror-campaign.ts'
import { mirrorFaults } from '../support/mirror-faults/index.ts'

const seed = 20261121
let scratch = ''
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'aptroot-mirror-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

describe('a misbehaving mirror', () => {
  test('has at least 40 faults, each with a name of its own', () => {
    assert.ok(mirrorFaults.length >= 40)
    assert.equal(new Set(mirrorFaults.map(({ name }) => name)).size, mirrorFaults.length)
  })

  test(`costs a clear fault or nothing at all: a part of \`npm run soak\`, seed ${seed}`, {
    timeout: 90_000,
  }, async () => {
    const place = { scratch, seed, parallel: 6, part: 0.05, match: '', say: () => undefined }
    const { cases, complaints } = await mirrorCampaign(place)
    assert.ok(cases >= 15, `only ${cases} cases`)
    assert.deepEqual(complaints, [])
  })
})
