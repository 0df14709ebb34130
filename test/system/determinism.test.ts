import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildUnder } from '../soak/determinism-campaign.ts'
import { oppositeOf, pairwiseRows } from '../soak/determinism-rows.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { realProject } from '../support/real-project.ts'
import { seededRandom } from '../support/seeded-random.ts'

const seed = Number(process.env.APTROOT_SEED ?? 18)

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can become another user and enter a chroot'
  return missingForRealData()
}

/** A slice of `npm run soak -- --only determinism`: one set, two builds that have no condition in common. */
test.skipIf(skippedForWantOf(missing()))(
  `users, certificates and caches of real bookworm come out the same under opposite conditions (seed ${seed})`,
  async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'aptroot-determinism-'))
    try {
      const project = await realProject(scratch, [
        'architectures: [amd64]',
        'base: essential',
        'packages: [usr-is-merged, ssl-cert, fontconfig, fonts-dejavu-core, dbus]',
        'exclude: [usrmerge]',
      ])
      await project.run('lock', 'install', '--fetch-only')
      const random = seededRandom(seed)
      const row = random.pick(pairwiseRows(({ course }) => course === 'straight'))
      const opposite = { ...oppositeOf(row, random), course: 'straight' } as const
      const set = { folder: project.folder, store: join(scratch, 'store') }
      const built = []
      for (const each of [row, opposite]) built.push(await buildUnder(each, set, { scratch }))
      const [one, other] = built
      assert.ok(one !== undefined && other !== undefined)
      assert.deepEqual([...one.complaints, ...other.complaints], [])
      const paths = [...new Set([...one.listing.keys(), ...other.listing.keys()])]
      assert.deepEqual(
        paths.filter(path => one.listing.get(path) !== other.listing.get(path)),
        [],
        JSON.stringify([row, opposite]),
      )
      expect(other.digest).toBe(one.digest)
      await project.mirror.close()
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  },
)
