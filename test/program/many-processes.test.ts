import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { processesCampaign } from '../soak/processes-campaign.ts'

const seed = 20261121
let scratch = ''
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'aptroot-processes-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

describe('sixteen processes with one store', () => {
  test(`fetch a deb hardly more than once and survive the killed ones: seed ${seed}`, {
    timeout: 120_000,
  }, async () => {
    const place = { scratch, seed, parallel: 1, part: 0.02, match: '', say: () => undefined }
    const { complaints } = await processesCampaign(place)
    assert.deepEqual(complaints, [])
  })
})
