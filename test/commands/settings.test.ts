import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { siteOf } from '../../src/commands/base/settings.ts'
import { projectOf } from '../../src/workflows/project.ts'
import type { World } from '../../src/workflows/world.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'

describe('a run with --offline', () => {
  test('goes by the mirrors of this host, as the run that filled the store did: Releases are kept under their addresses', async () => {
    const folder = await scratchFolder()
    const world = { environment: { HOME: folder }, workingFolder: folder } as unknown as World
    const place = { session: quietSession(), world }
    const project = projectOf('aptroot.yaml', folder)
    const [online, offline] = [await siteOf({}, project, place), await siteOf({ offline: true }, project, place)]
    assert.deepEqual([online.mode, offline.mode], ['online', 'offline'])
    assert.deepEqual(offline.host, online.host)
  })
})
