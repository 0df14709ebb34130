import { createQueue } from '../../src/transfer/index.ts'
import { mirrorFaults } from '../support/mirror-faults/index.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { Campaign } from './campaign.ts'
import { allMirrorCases, runMirrorCase } from './mirror-case.ts'
import { mirrorScene } from './mirror-scene.ts'

/** Every fault a mirror can have × the files it can have it in × once and always. */
export const mirrorCampaign: Campaign = async ({ scratch, seed, parallel, part, match, say }) => {
  const random = seededRandom(seed)
  const cases = allMirrorCases(mirrorFaults).filter(
    ({ fault, target, when }) =>
      random.below(1_000_000) < part * 1_000_000 && `${target}, ${when}: ${fault.name}`.includes(match),
  )
  const scene = await mirrorScene(scratch)
  const queue = createQueue(parallel)
  const results = await Promise.all(
    cases.map(each =>
      queue(async () => {
        const result = await runMirrorCase(each, scene, scratch)
        // As it ends: a campaign that is broken off says how far it came.
        say(`${result.name.padEnd(72)} ${result.ended.padEnd(26)} ${result.milliseconds} ms`)
        return result
      }),
    ),
  )
  return {
    cases: results.length,
    table: [],
    complaints: results.flatMap(({ name, ended, complaints }) => complaints.map(each => `${name}: ${ended}: ${each}`)),
  }
}
