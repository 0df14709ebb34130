import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Bundles a TypeScript program of the tests, so that real processes can run it. */
export async function buildProgram(sourcePath: string, outputFolder: string): Promise<string> {
  const outfile = join(outputFolder, 'program.mjs')
  await build({
    absWorkingDir: root,
    entryPoints: [sourcePath],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
    // CommonJS dependencies call require, which ES modules lack.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  })
  return outfile
}

/** Builds a program before the tests of a file, which start it with words. */
export function programForTests(sourcePath: string) {
  let folder = ''
  const built = { path: '' }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aptroot-program-'))
    built.path = await buildProgram(sourcePath, folder)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return { built, start: (...words: readonly string[]) => startProgram(process.execPath, [built.path, ...words]) }
}

export interface RunningProgram {
  readonly child: ChildProcess
  /** Resolves when a line of its output contains the text. */
  printed(text: string): Promise<void>
  /** Resolves when it has ended. */
  ended(): Promise<{ readonly status: number | undefined; readonly output: string; readonly errorOutput: string }>
}

/** Starts a program; its output is collected. */
export function startProgram(program: string, programArguments: readonly string[]): RunningProgram {
  const child = spawn(program, [...programArguments], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errorOutput = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    errorOutput += text
  })
  const closed = once(child, 'close')
  return {
    child,
    async printed(text) {
      while (!output.includes(text)) {
        const next = await Promise.race([once(child.stdout, 'data'), closed.then(() => undefined)])
        if (next === undefined && !output.includes(text)) throw new Error(`it ended without '${text}': ${errorOutput}`)
      }
    },
    async ended() {
      await closed
      return { status: child.exitCode ?? undefined, output, errorOutput }
    },
  }
}
