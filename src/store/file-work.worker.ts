/** The other end of `startFileThread`. */
import { parentPort } from 'node:worker_threads'
import { writeListed } from './file-list.ts'
import type { FileWork, FileWorkAnswer } from './file-thread.ts'
import { hashGrowingFile } from './growing-hash.ts'

function say(answer: FileWorkAnswer): void {
  parentPort?.postMessage(answer)
}

parentPort?.on('message', async (work: FileWork) => {
  if (work.kind === 'write') {
    await writeListed(work.list)
    say({ kind: 'written' })
  } else say({ kind: 'hashed', sha256: hashGrowingFile(work.path, work.growth) })
})
say({ kind: 'ready' })
