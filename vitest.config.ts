import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/system/**', 'test/oracle/**', 'test/bench/**'],
    globalSetup: 'test/support/build-program.ts',
    pool: 'forks',
    // Vitest leaves one core idle, which is half of a machine with two; most tests wait for programs.
    maxWorkers: '100%',
    // For what hangs: on a busy machine a brute force of seconds takes a minute.
    testTimeout: 90_000,
    hookTimeout: 60_000,
    env: { TZ: 'UTC' },
  },
})
