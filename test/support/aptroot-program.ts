import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** From the repository's folder, where tests and scripts run: a script's own address is that of its bundle. */
export const aptrootProgram = join(process.cwd(), 'bin/aptroot.js')

export interface ProgramResult {
  readonly exitCode: number
  readonly output: string
  readonly errorOutput: string
}

export interface ProgramPlace {
  readonly folder: string
  /** Added to a minimal environment: nothing of the caller's leaks into what is tested. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs the built program as a user would, with a plain environment and no terminal. */
export function runAptroot(commandLine: readonly string[], place: ProgramPlace): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [aptrootProgram, ...commandLine], {
      cwd: place.folder,
      env: { PATH: process.env.PATH ?? '', HOME: place.folder, ...place.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output: Buffer[] = []
    const errorOutput: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => errorOutput.push(chunk))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      resolve({
        exitCode: code ?? (signal === 'SIGINT' ? 130 : 255),
        output: Buffer.concat(output).toString(),
        errorOutput: Buffer.concat(errorOutput).toString(),
      })
    })
  })
}

/** What `--json` prints: one versioned envelope. */
export interface Envelope {
  readonly ok: boolean
  readonly exitCode: number
  readonly result?: unknown
  readonly fault?: { readonly code: string; readonly message: string; readonly hint?: string }
}

export function envelopeOf(result: ProgramResult): Envelope {
  return JSON.parse(result.output) as Envelope
}
