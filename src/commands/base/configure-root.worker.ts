/** The process in a user namespace: a job on standard input, or one in a file for `root FILE`; its answer on descriptor 5. */
import { readFileSync, writeSync } from 'node:fs'
import { createProcessRunner } from '../../adapters/process-runner.ts'
import { runConfigureJob } from '../../rootfs/index.ts'
import { runRootJob } from '../../workflows/root-job.ts'

const answerDescriptor = 5
const maximumOutputBytes = 256 * 1024 * 1024

const world = {
  runnerFor: (searchPath: string) => createProcessRunner({ searchPath, maximumOutputBytes }),
  now: () => new Date(),
}

function send(line: string): void {
  const bytes = Buffer.from(line)
  for (let done = 0; done < bytes.length; ) done += writeSync(answerDescriptor, bytes, done)
}

const [kind, path] = process.argv.slice(2)
if (kind === 'root' && path !== undefined) {
  // The terminal's interrupt is meant for what runs in the sandbox.
  process.on('SIGINT', () => undefined)
  process.exitCode = await runRootJob(path, world, send)
} else await runConfigureJob(readFileSync(0, 'utf8'), world, send)
