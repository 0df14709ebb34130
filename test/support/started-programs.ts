import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { aptrootProgram } from './aptroot-program.ts'

/** What dpkg and aptroot call the file of a preinst while it runs. */
const firstScript = /\/var\/lib\/dpkg\/tmp\.ci\/preinst$/

/**
 * Paths of the programs that the built program and its children execute, in order, until the first maintainer script; then all are ended.
 * Seen with strace, below all threads. Rejects when no maintainer script is run.
 */
export async function startedBeforeScripts(
  commandLine: readonly string[],
  place: { readonly folder: string; readonly environment: Readonly<Record<string, string>> },
): Promise<readonly string[]> {
  const options = ['-f', '-qq', '--seccomp-bpf', '-z', '-s', '4096', '-e', 'trace=execve,execveat', '-e', 'signal=none']
  const child = spawn('strace', [...options, process.execPath, aptrootProgram, ...commandLine], {
    cwd: place.folder,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: place.folder, ...place.environment },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  const closed = once(child, 'close')
  const started: string[] = []
  const said: string[] = []
  try {
    for await (const line of createInterface(child.stderr)) {
      said.push(line)
      const path = /execve(?:at)?\((?:\w+, )?"([^"]*)"/.exec(line)?.[1]
      if (path === undefined) continue
      if (firstScript.test(path)) return started
      started.push(path)
    }
  } finally {
    // strace ends with its group, and so does what it traces.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    await closed
  }
  throw new Error(`no maintainer script was run: ${said.slice(-20).join('\n')}`)
}
