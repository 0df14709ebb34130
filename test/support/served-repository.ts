import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runAptroot } from './aptroot-program.ts'
import { buildDeb, type DebDescription, debFileName } from './deb-builder.ts'
import { makeTestKey } from './signing.ts'

/** A folder with a signing key, in which the program publishes. */
export interface RepositoryScene {
  readonly folder: string
  /** Fails unless the program ends with 0. */
  succeed(...words: readonly string[]): Promise<string>
  /** Writes a deb and gives its path below the folder. */
  deb(control: Readonly<Record<string, string>>, changes?: Partial<DebDescription>): Promise<string>
}

export async function repositoryScene(folder: string): Promise<RepositoryScene> {
  await writeFile(join(folder, 'key.asc'), (await makeTestKey({ name: 'Repository' })).armor())
  await mkdir(join(folder, 'debs'), { recursive: true })
  return {
    folder,
    async succeed(...words) {
      const environment = { APTROOT_SIGNING_KEY: 'key.asc' }
      const result = await runAptroot(words, { folder, environment })
      if (result.exitCode !== 0) throw new Error(`aptroot ${words.join(' ')}: ${result.errorOutput}`)
      return result.output
    },
    async deb(control, changes = {}) {
      const description = { ...changes, control }
      const path = join('debs', debFileName(description))
      await writeFile(join(folder, path), buildDeb(description))
      return path
    },
  }
}

/** `aptroot repo serve` on a free port, until it is closed. */
export async function serveRepository(
  folder: string,
  served = 'repository',
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const program = join(process.cwd(), 'bin/aptroot.js')
  const child = spawn(process.execPath, [program, 'repo', 'serve', served, '--port', '0'], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const closed = new Promise<void>(resolve => {
    child.on('close', () => resolve())
  })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const match = /(http:\/\/127\.0\.0\.1:\d+)/.exec(text)
      if (match?.[1] !== undefined) resolve(match[1])
    })
    child.on('close', () => reject(new Error(`aptroot repo serve ended: ${text}`)))
  })
  return {
    url,
    async close() {
      child.kill('SIGINT')
      await closed
    },
  }
}
