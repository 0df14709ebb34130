import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { type ArchivesRequest, listArchives, openArchives, openUniverse } from '../../src/archive/index.ts'
import { archivesOfPreset, presetOf } from '../../src/manifest/index.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { frozenAsOf, missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { quietSession } from '../support/scratch.ts'
import { transferScene } from '../support/transfer-world.ts'

describe.skipIf(skippedForWantOf(missingForRealData()))("Debian's real bookworm, through the preset", () => {
  test('verifies, opens, and is opened again from the store', async () => {
    const mirror = await startMirror({ folder: process.env.APTROOT_TEST_ARCHIVE ?? '' })
    const { transfer, store } = await transferScene()
    const architectures = ['amd64', 'arm64']
    const request: ArchivesRequest = {
      archives: archivesOfPreset(presetOf('debian/bookworm'), architectures, { line: 1, column: 1 }),
      architectures,
      urisOf: archive => [`${mirror.url}/${archive.id}`],
      readKeyFile: path => Promise.reject(new Error(`${path} was read`)),
      asOf: new Date(frozenAsOf),
      mode: 'online',
      store,
      transfer,
    }
    const listed = await listArchives(request, quietSession())
    assert.deepEqual(
      listed.releases.map(
        each => `${each.archive} ${each.suite} ${each.facts.suite} ${each.facts.at} ${each.signers.length}`,
      ),
      [
        'debian bookworm oldstable 20260711T101637Z 3',
        'debian bookworm-updates oldstable-updates 20261119T021254Z 2',
        'debian-security bookworm-security oldstable-security 20261118T221741Z 2',
      ],
    )
    const times: number[] = []
    for (const run of ['cold', 'warm']) {
      const start = performance.now()
      const { indexes, close } = await openArchives(request, quietSession())
      times.push(performance.now() - start)
      const universe = openUniverse({ nativeArchitecture: 'amd64', foreignArchitectures: ['arm64'], indexes })
      assert.ok(universe.names().length > 60_000, `${run}: ${universe.names().length} names`)
      assert.equal(universe.packagesNamed('bash').length, 2)
      await close()
    }
    const fetched = mirror.requests.map(each => each.path).filter(path => !path.endsWith('InRelease'))
    assert.equal(new Set(fetched.filter(path => !path.includes('by-hash'))).size, 6)
    process.stderr.write(
      `six indexes of bookworm: ${times.map(each => `${each.toFixed(0)} ms`).join(' cold, ')} warm\n`,
    )
  })
})
