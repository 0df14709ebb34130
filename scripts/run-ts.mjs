#!/usr/bin/env node
// Runs a TypeScript program of this repository with the oldest supported Node, which reads no TypeScript itself:
// node scripts/run-ts.mjs scripts/make-fixture-archive.ts [ARGUMENT…]. The working folder is the repository's.
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [script, ...programArguments] = process.argv.slice(2)
if (script === undefined) {
  console.error('usage: node scripts/run-ts.mjs SCRIPT.ts [ARGUMENT…]')
  process.exit(2)
}

const folder = await mkdtemp(join(tmpdir(), 'aptroot-script-'))
try {
  const bundle = join(folder, 'program.mjs')
  await build({
    absWorkingDir: root,
    entryPoints: [resolve(script)],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'inline',
    logLevel: 'warning',
    // Bundled CommonJS packages call require() for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  })
  const { status, error } = spawnSync(process.execPath, ['--enable-source-maps', bundle, ...programArguments], {
    cwd: root,
    stdio: 'inherit',
  })
  if (error !== undefined) throw error
  process.exitCode = status ?? 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
