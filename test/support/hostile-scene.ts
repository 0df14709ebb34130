import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createProcessRunner } from '../../src/adapters/process-runner.ts'
import type { ProcessResult } from '../../src/kernel/index.ts'
import { defaultLimits, openSandbox, type SandboxBackEnd, type SandboxLimits } from '../../src/sandbox/index.ts'
import { processesIn } from '../../src/sandbox/measure-root.ts'
import { canaryIn } from './canary.ts'
import { essentialRoot, realProject } from './real-project.ts'
import { quietSession } from './scratch.ts'

export interface ScriptCourse {
  readonly limits?: Partial<SandboxLimits>
  /** Another root than the scene's. */
  readonly folder?: string
  /** Default: bubblewrap. */
  readonly backEnd?: SandboxBackEnd
}

/** A root of real bookworm in which scripts may do their worst, and things of the host that they must not reach. */
export interface HostileScene {
  readonly scratch: string
  readonly root: string
  /** A folder of the host with files in it. */
  readonly canaryFolder: string
  /** A process of the host that has to live on. */
  readonly victimId: number
  /** On which the host listens. */
  readonly port: number
  /** Of a socket, and of a file in shared memory. */
  readonly abstractName: string
  /** Runs a script in the sandbox. */
  run(script: string, course?: ScriptCourse): Promise<ProcessResult>
  /** What a script prints, after which the host has to be as it was. */
  said(script: string, backEnd?: SandboxBackEnd): Promise<string>
  /** Whatever a script did: the host is as it was, and nothing of the script runs on. */
  assertContained(): Promise<void>
  close(): Promise<void>
}

/** What a script may print here. */
export const smallOutputBytes = 1024 * 1024

export async function openHostileScene(): Promise<HostileScene> {
  const scratch = await mkdtemp(join(tmpdir(), 'aptroot-hostile-'))
  const project = await realProject(scratch, [...essentialRoot, 'image: {configure: none}'])
  await project.run('lock', 'install', '--output', 'root')
  const root = join(project.folder, 'root')
  const canary = await canaryIn(scratch)
  const victim = spawn('sleep', ['600'], { stdio: 'ignore' })
  const abstractName = `aptroot-hostile-${process.pid}`
  const sharedFile = `/dev/shm/${abstractName}`
  let connections = 0
  const [server, abstract] = [0, 1].map(() =>
    createServer(() => {
      connections++
    }),
  )
  assert.ok(server !== undefined && abstract !== undefined && victim.pid !== undefined)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  await new Promise<void>(resolve => abstract.listen(`\0${abstractName}`, resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  writeFileSync(sharedFile, 'host')

  const hostState = async (): Promise<readonly string[]> => {
    const kernel = ['core_pattern', 'hostname', 'panic', 'pid_max'].map(name =>
      readFileSync(`/proc/sys/kernel/${name}`, 'utf8'),
    )
    const passwd = lstatSync('/etc/passwd')
    return [
      ...(await canary.state()),
      ...kernel,
      ...readdirSync('/').sort(),
      `${passwd.ino} ${passwd.ctimeMs}`,
      hostname(),
      `${victim.exitCode} ${victim.signalCode}`,
      `${connections} connections`,
      readFileSync(sharedFile, 'utf8'),
    ]
  }
  const hostBefore = await hostState()
  const assertContained = async () => {
    assert.deepEqual(processesIn(root), [])
    assert.deepEqual(await hostState(), hostBefore)
  }

  const run = async (script: string, { limits = {}, folder = root, backEnd = 'bubblewrap' }: ScriptCourse = {}) => {
    const runner = createProcessRunner({ searchPath: process.env.PATH ?? '', maximumOutputBytes: smallOutputBytes })
    // As a build starts them.
    const launcher = runner.openLauncher?.(scratch)
    const sandbox = await openSandbox(
      {
        rootFolder: folder,
        backEnd,
        sourceDateEpochSeconds: 1_750_000_000,
        limits: { ...defaultLimits, seconds: 60, ...limits },
        runner,
        launcher,
        processor: process.arch,
      },
      quietSession(),
    )
    try {
      return await sandbox.run({ program: '/bin/sh', arguments: ['-c', script] }, quietSession())
    } finally {
      await launcher?.close()
    }
  }

  return {
    scratch,
    root,
    canaryFolder: canary.folder,
    victimId: victim.pid,
    port: address.port,
    abstractName,
    run,
    said: async (script, backEnd = 'bubblewrap') => {
      const { output, errorOutput } = await run(script, { backEnd })
      await assertContained()
      return Buffer.concat([output, errorOutput]).toString()
    },
    assertContained,
    close: async () => {
      victim.kill('SIGKILL')
      server.close()
      abstract.close()
      rmSync(sharedFile, { force: true })
      await project.mirror.close()
      await rm(scratch, { recursive: true, force: true })
    },
  }
}
