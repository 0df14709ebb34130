/** The process in the user namespace of an ordinary user: a job on standard input, its answer on descriptor 5. */
import { readFileSync, writeSync } from 'node:fs'
import { createProcessRunner } from '../../adapters/process-runner.ts'
import { runConfigureJob } from '../../rootfs/index.ts'

const answerDescriptor = 5
const maximumOutputBytes = 256 * 1024 * 1024

await runConfigureJob(
  readFileSync(0, 'utf8'),
  {
    runnerFor: searchPath => createProcessRunner({ searchPath, maximumOutputBytes }),
    now: () => new Date(),
  },
  line => {
    const bytes = Buffer.from(line)
    for (let done = 0; done < bytes.length; ) done += writeSync(answerDescriptor, bytes, done)
  },
)
