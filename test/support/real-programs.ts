import { createProcessRunner } from '../../src/adapters/process-runner.ts'
import type { ProcessRunner } from '../../src/kernel/index.ts'

/** The programs of this machine. */
export function realPrograms(): ProcessRunner {
  return createProcessRunner({ searchPath: '/usr/sbin:/usr/bin:/sbin:/bin', maximumOutputBytes: 2 ** 20 })
}

/** A machine without programs. */
export function noPrograms(): ProcessRunner {
  return createProcessRunner({ searchPath: '', maximumOutputBytes: 2 ** 20 })
}
