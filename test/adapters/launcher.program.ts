import { createProcessRunner } from '../../src/adapters/process-runner.ts'

/** Starts a program by a launcher, which names its process on standard error, and waits for it. */
const [, , folder = ''] = process.argv
const launcher = createProcessRunner({ searchPath: '', maximumOutputBytes: 1000 }).openLauncher?.(folder)
await launcher?.run({
  program: '/bin/sh',
  arguments: ['-c', 'echo $$; exec sleep 600'],
  environment: { PATH: '/usr/bin:/bin' },
  workingFolder: '/',
  onOutput: bytes => process.stdout.write(bytes),
  signal: new AbortController().signal,
})
