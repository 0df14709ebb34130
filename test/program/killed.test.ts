import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { diskCampaign, whyNoDisk } from '../soak/disk-campaign.ts'
import { killCampaign } from '../soak/kill-campaign.ts'
import { publisherKillsCampaign } from '../soak/publisher-kills-campaign.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { realPrograms } from '../support/real-programs.ts'

const seed = 20261121
let scratch = ''
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'aptroot-killed-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const missing = (await realPrograms().find('strace')) === undefined ? 'strace is not installed' : undefined

describe('a run that is cut off', () => {
  test.skipIf(skippedForWantOf(missing))(
    `by SIGKILL leaves old or new, and the next run succeeds: a part of npm run soak, seed ${seed}`,
    { timeout: 120_000 },
    async () => {
      const place = { scratch, seed, parallel: 3, part: 0.015, match: '', say: () => undefined }
      assert.deepEqual((await killCampaign(place)).complaints, [])
    },
  )

  test.skipIf(skippedForWantOf(missing))(
    `by SIGKILL while it publishes leaves a whole repository: a part of npm run soak, seed ${seed}`,
    { timeout: 120_000 },
    async () => {
      const place = { scratch, seed, parallel: 3, part: 0.03, match: '', say: () => undefined }
      const { cases, complaints } = await publisherKillsCampaign(place)
      assert.ok(cases > 0)
      assert.deepEqual(complaints, [])
    },
  )

  test.skipIf(skippedForWantOf(whyNoDisk()))(
    `by a full disk ends with exit code 7 and leaves nothing wrong: seed ${seed}`,
    {
      timeout: 120_000,
    },
    async () => {
      const place = { scratch, seed, parallel: 3, part: 0.04, match: '', say: () => undefined }
      assert.deepEqual((await diskCampaign(place)).complaints, [])
    },
  )
})
