import { createProcessRunner } from '../../src/adapters/process-runner.ts'

/** Says where the descriptors of a program lead that this one starts. */
const runner = createProcessRunner({ searchPath: '', maximumOutputBytes: 100_000 })
const { output } = await runner.run({
  program: '/bin/sh',
  arguments: ['-c', 'for each in /proc/self/fd/*; do readlink "$each"; done; exit 0'],
  environment: { PATH: '/usr/bin:/bin' },
  workingFolder: '/',
  ...(process.argv[2] === 'attached' ? { attached: 'standard output' as const } : {}),
  signal: new AbortController().signal,
})
process.stdout.write(output)
