/** A thread that takes debs apart into the store, one after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { answerJob } from '../../rootfs/namespace-job.ts'
import { type DebIdentity, unpackDeb } from '../../rootfs/unpack-deb.ts'
import type { UnpackPlace } from '../../rootfs/unpack-workers.ts'
import { Store } from '../../store/index.ts'

const { storeFolder, storeLayers } = workerData as UnpackPlace
const store = new Store({ folder: storeFolder, layers: storeLayers, clock: { now: () => new Date() } })
const say = (line: string): void => parentPort?.postMessage(line)

parentPort?.on('message', async (deb: DebIdentity) => {
  await answerJob(say, async session => {
    await unpackDeb(deb, store, session)
  })
  say('done')
})
