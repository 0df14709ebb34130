import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/system/**', 'test/oracle/**', 'test/bench/**'],
    globalSetup: 'test/support/build-program.ts',
    pool: 'forks',
    testTimeout: 20_000,
    env: { TZ: 'UTC' },
  },
})
