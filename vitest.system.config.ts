import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts', 'test/oracle/**/*.test.ts'],
    globalSetup: 'test/support/build-program.ts',
    pool: 'forks',
    // Each mostly waits for one program: two at a time take little more than half as long on two cores.
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
