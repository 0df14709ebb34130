import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { createProcessRunner } from '../../src/adapters/process-runner.ts'
import type { Launcher, ProcessRequest } from '../../src/kernel/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { buildProgram } from '../support/child-program.ts'
import { scratchFolder } from '../support/scratch.ts'

const runner = createProcessRunner({ searchPath: '', maximumOutputBytes: 200_000 })

function shell(script: string, more: Partial<ProcessRequest> = {}): ProcessRequest {
  return {
    program: '/bin/sh',
    arguments: ['-c', script, 'sh', "it's a word", 'and\nlines'],
    environment: { PATH: '/usr/bin:/bin' },
    workingFolder: '/',
    signal: new AbortController().signal,
    ...more,
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}

/** Closed when the test is over. */
async function openLauncher(): Promise<Launcher> {
  const launcher = runner.openLauncher?.(await scratchFolder())
  assert.ok(launcher !== undefined)
  onTestFinished(() => launcher.close())
  launcher.start()
  return launcher
}

describe('a program that a small process starts', () => {
  const parentOf = async (of: Pick<Launcher, 'run'>) => textOf((await of.run(shell('echo $PPID'))).output).trim()

  it('gets its words as they are, and gives both outputs and its exit status, one program after the other', async () => {
    const launcher = await openLauncher()
    for (const status of [0, 3]) {
      const result = await launcher.run(shell(`printf '%s|' "$@"; echo warned >&2; exit ${status}`))
      assert.equal(textOf(result.output), "it's a word|and\nlines|")
      assert.equal(textOf(result.errorOutput), 'warned\n')
      assert.equal(result.exitStatus, status)
    }
    assert.notEqual(await parentOf(launcher), `${process.pid}`)
    assert.equal(await parentOf(launcher), await parentOf(launcher))
  })

  it('that a signal ended has 128 and the signal as its status', async () => {
    const launcher = await openLauncher()
    assert.equal((await launcher.run(shell('kill -TERM $$'))).exitStatus, 128 + 15)
  })

  it('gives more than a pipe holds, to its last byte', async () => {
    const launcher = await openLauncher()
    const heard: number[] = []
    const onOutput = (bytes: Uint8Array) => void heard.push(bytes.length)
    const { output } = await launcher.run(shell('head -c 190000 /dev/zero', { onOutput }))
    assert.equal(output.length, 190_000)
    assert.equal(
      heard.reduce((sum, each) => sum + each, 0),
      190_000,
    )
  })

  it('has nothing open but its three streams and what was given, and nothing in its environment but what was given', async () => {
    const launcher = await openLauncher()
    const bytes = Buffer.from('given')
    const script = 'cat <&3; cat; echo; for each in /proc/$$/fd/*; do readlink "$each"; done; env'
    const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' }
    const request = shell(script, { environment, descriptors: [{ kind: 'input', bytes }] })
    const [given, ...lines] = textOf((await launcher.run(request)).output)
      .trim()
      .split('\n')
    assert.equal(given, 'given')
    const open = lines.filter(line => line.startsWith('/')).map(line => basename(line))
    assert.deepEqual([...new Set(open)].sort(), ['descriptor-3', 'errors', 'null', 'output'])
    const named = lines.filter(line => !/^(\/|(PWD|OLDPWD|_|SHLVL)=)/.test(line))
    assert.deepEqual(named.sort(), ['LC_ALL=C', 'PATH=/usr/bin:/bin'])
  })

  it('gets its input from who asks, since the small process has none to give', async () => {
    const launcher = await openLauncher()
    const input = Buffer.from('hello')
    assert.equal(textOf((await launcher.run(shell('cat', { input }))).output), 'hello')
  })

  it('is ended by an interruption with all that it started, and the next one is started anew', async () => {
    const launcher = await openLauncher()
    const controller = new AbortController()
    let processId = 0
    const running = launcher.run(
      shell('sleep 600 & echo $!; wait', {
        signal: controller.signal,
        onOutput: bytes => {
          processId = Number(textOf(bytes))
          controller.abort(new Error('interrupted'))
        },
      }),
    )
    await assert.rejects(running, /interrupted/)
    await ended(processId)
    assert.equal(textOf((await launcher.run(shell('echo again'))).output), 'again\n')
  })

  it('that prints without end is ended', async () => {
    const launcher = await openLauncher()
    const endless = shell('exec cat /dev/zero')
    await assertFault(launcher.run(endless), 'PROGRAM_FAILED', /more than 200000 bytes/)
  })

  it('that does not exist is refused as by any runner', async () => {
    const launcher = await openLauncher()
    await assertFault(launcher.run(shell('', { program: '/no/such/program' })), 'PROGRAM_FAILED', /ENOENT/)
  })

  it('ends with the process that asked for it, however that was ended', async () => {
    const program = await buildProgram('test/adapters/launcher.program.ts', await scratchFolder())
    const place = await scratchFolder()
    const child = spawn(process.execPath, [program, place], { stdio: ['ignore', 'pipe', 'inherit'] })
    const processId = await new Promise<number>(resolve => {
      child.stdout.once('data', bytes => resolve(Number(textOf(bytes))))
    })
    assert.ok(existsSync(`/proc/${processId}`))
    child.kill('SIGKILL')
    await ended(processId)
    assert.deepEqual(await readdir(place), [])
  })

  it('leaves nothing behind when the work is done', async () => {
    const place = await scratchFolder()
    const short = runner.openLauncher?.(place)
    const parent = Number(await parentOf(short ?? runner))
    assert.equal((await readdir(place)).length, 1)
    await short?.close()
    await ended(parent)
    assert.deepEqual(await readdir(place), [])
  })

  it('is started by this process where no folder for its pipes can be made', async () => {
    const other = runner.openLauncher?.(join(await scratchFolder(), 'absent'))
    assert.equal(await parentOf(other ?? runner), `${process.pid}`)
  })
})

/** Waits until a process has ended, whether or not somebody took note of it. */
async function ended(processId: number): Promise<void> {
  assert.ok(processId > 1)
  const isOver = () => {
    const stat = attemptToRead(`/proc/${processId}/stat`)
    return stat === '' || /\) [ZX] /.test(stat)
  }
  while (!isOver()) await new Promise(resolve => setImmediate(resolve))
}

function attemptToRead(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
