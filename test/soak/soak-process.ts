import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const program = join(process.cwd(), 'bin/aptroot.js')

export interface SoakProcess {
  readonly child: ChildProcess
  /** `signal` where it was killed. */
  readonly ended: Promise<{
    readonly exitCode: number | undefined
    readonly signal: string | undefined
    readonly text: string
  }>
}

export interface SoakPlace {
  readonly project: string
  readonly store: string
  readonly mirrorUrl: string
  /** In front of the program: strace and its options, for example. */
  readonly wrapper?: readonly string[]
  readonly parallelism?: number
}

/** Starts the program on a project, a store and a mirror; nothing of this host's environment reaches it. */
export function startAptroot(words: readonly string[], place: SoakPlace): SoakProcess {
  const [first = process.execPath, ...rest] = [...(place.wrapper ?? []), process.execPath, program, ...words]
  const child = spawn(first, rest, {
    cwd: place.project,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: place.project,
      APTROOT_STORE: place.store,
      APTROOT_MIRRORS: `demo=${place.mirrorUrl}/demo`,
      APTROOT_PROXY: 'none',
      APTROOT_PARALLELISM: String(place.parallelism ?? 4),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  child.stderr.on('data', chunk => {
    text += chunk
  })
  const ended = new Promise<Awaited<SoakProcess['ended']>>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ exitCode: code ?? undefined, signal: signal ?? undefined, text }))
  })
  return { child, ended }
}
