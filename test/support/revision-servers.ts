import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { endChild } from './end-child.ts'
import { freePort } from './free-port.ts'

const program = join(process.cwd(), 'bin/aptroot.js')

/** `aptroot revision serve` in a process of its own, which can be killed and started again at the same address. */
export interface RevisionServer {
  readonly url: string
  start(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** User and system time of the process that runs now. */
  processorSeconds(): Promise<number>
  /** SIGTERM. */
  stop(): Promise<{ readonly status: number | undefined; readonly text: string }>
}

export interface ServerPlace {
  /** The working folder. */
  readonly folder: string
  /** Of `revision serve`. */
  readonly words: readonly string[]
}

export async function startRevisionServer({ folder, words }: ServerPlace): Promise<RevisionServer> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  let text = ''
  const server: RevisionServer = {
    url,
    async start() {
      const started = spawn(
        process.execPath,
        [program, 'revision', 'serve', '--listen', `127.0.0.1:${port}`, ...words],
        { cwd: folder, env: { PATH: process.env.PATH ?? '', HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] },
      )
      child = started
      for (const stream of [started.stdout, started.stderr])
        stream.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
      while (!(await isHealthy(url))) {
        if (started.exitCode !== null) throw new Error(`the service did not start: ${text}`)
        await setTimeout(20)
      }
    },
    kill: () => endChild(child, 'SIGKILL'),
    async processorSeconds() {
      const text = await readFile(`/proc/${child?.pid}/stat`, 'utf8')
      // After the name, which may hold blanks: utime and stime are fields 14 and 15, in hundredths of a second. proc(5)
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[11]) + Number(fields[12])) / 100
    },
    async stop() {
      await endChild(child, 'SIGTERM')
      return { status: child?.exitCode ?? undefined, text }
    },
  }
  await server.start()
  return server
}

export async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`)
    await response.text()
    return response.status === 200
  } catch {
    return false
  }
}
