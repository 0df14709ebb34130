import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, watch, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { createProcessRunner } from '../../src/adapters/process-runner.ts'
import { systemClock } from '../../src/adapters/system-clock.ts'
import type { ProcessRequest } from '../../src/kernel/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { buildProgram } from '../support/child-program.ts'
import { scratchFolder } from '../support/scratch.ts'

const runner = createProcessRunner({ searchPath: '', maximumOutputBytes: 1000 })

function nodeProgram(script: string, more: Partial<ProcessRequest> = {}): ProcessRequest {
  return {
    program: process.execPath,
    arguments: ['-e', script],
    environment: {},
    workingFolder: '/',
    signal: new AbortController().signal,
    ...more,
  }
}

describe('a program of this machine', () => {
  it('gets its input and gives both outputs and its exit status', async () => {
    const script = `process.stdin.on('data', d => process.stdout.write(d)).on('end', () => {
      process.stderr.write('warned'); process.exitCode = 3 })`
    const result = await runner.run(nodeProgram(script, { input: Buffer.from('hello') }))
    assert.equal(Buffer.from(result.output).toString(), 'hello')
    assert.equal(Buffer.from(result.errorOutput).toString(), 'warned')
    assert.equal(result.exitStatus, 3)
  })

  it('gets its input piece by piece, also when it stops reading', async () => {
    const pieces = async function* () {
      for (let at = 0; at < 100; at++) yield Buffer.alloc(65_536, 'x')
    }
    const counting = `let n = 0; process.stdin.on('data', d => { n += d.length }).on('end', () => process.stdout.write(String(n)))`
    const counted = await runner.run(nodeProgram(counting, { input: pieces() }))
    assert.equal(Buffer.from(counted.output).toString(), `${100 * 65_536}`)
    assert.equal((await runner.run(nodeProgram('process.exit(4)', { input: pieces() }))).exitStatus, 4)
  })

  it('is ended when its input fails, with the same error', async () => {
    const failing = async function* () {
      yield Buffer.from('x')
      throw new Error('the disk is on fire')
    }
    const waiting = `process.stdin.resume(); setTimeout(() => {}, 60_000)`
    await assert.rejects(runner.run(nodeProgram(waiting, { input: failing() })), /on fire/)
  })

  it('sees no environment but the given one', async () => {
    const script = 'process.stdout.write(JSON.stringify(Object.keys(process.env)))'
    const result = await runner.run(nodeProgram(script, { environment: { LC_ALL: 'C' } }))
    assert.deepEqual(JSON.parse(Buffer.from(result.output).toString()), ['LC_ALL'])
  })

  it('has none of the files open that were open when aptroot was started, attached to the terminal or not', async () => {
    const folder = await scratchFolder()
    const program = await buildProgram('test/adapters/inherited.program.ts', folder)
    const script = 'exec 7<"$2" 9<"$2"; exec "$0" "$1" "$3"'
    for (const how of ['apart', 'attached']) {
      const { stdout } = spawnSync('/bin/sh', ['-c', script, process.execPath, program, folder, how])
      assert.match(stdout.toString(), /pipe:|socket:/)
      assert.ok(!stdout.includes(folder), stdout.toString())
    }
  })

  it('that a signal ended has 128 and the signal as its status', async () => {
    const result = await runner.run(nodeProgram('process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 1e5)'))
    assert.equal(result.exitStatus, 128 + 15)
  })

  it('that prints without end is ended', async () => {
    const endless = 'const w = () => process.stdout.write("x".repeat(500), w); w()'
    await assertFault(runner.run(nodeProgram(endless)), 'PROGRAM_FAILED', /more than 1000 bytes/)
  })

  it('that does not exist is named', async () => {
    await assertFault(
      runner.run(nodeProgram('', { program: '/nonexistent/xz' })),
      'PROGRAM_FAILED',
      /\/nonexistent\/xz.*ENOENT/,
    )
  })

  it('dies with its children when the session is interrupted', async () => {
    const folder = await scratchFolder()
    const controller = new AbortController()
    const grandchild = 'require("fs").writeFileSync("ready", ""); setInterval(() => {}, 1e5)'
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], {stdio: 'inherit'})
      setInterval(() => {}, 1e5)`
    const changes = watch(folder, { signal: AbortSignal.timeout(10_000) })
    // The pipes close only when parent and child are both gone, so the rejection itself is the proof.
    const running = runner.run(nodeProgram(script, { signal: controller.signal, workingFolder: folder }))
    for await (const change of changes) if (change.filename === 'ready') break
    controller.abort(new Error('interrupted'))
    await assert.rejects(running, /interrupted/)
  })

  it('is not started for a session that was interrupted before', async () => {
    await assert.rejects(runner.run(nodeProgram('', { signal: AbortSignal.abort(new Error('over')) })), /over/)
  })
})

describe('finding a program', () => {
  it('looks through the search path, and only for executable files', async () => {
    const [first, second] = [await scratchFolder(), await scratchFolder()]
    await writeFile(join(first, 'xz'), 'not executable')
    await writeFile(join(second, 'xz'), '#!/bin/sh\n')
    await chmod(join(first, 'xz'), 0o644)
    await chmod(join(second, 'xz'), 0o755)
    const found = createProcessRunner({ searchPath: `.:${first}:${second}`, maximumOutputBytes: 1 })
    assert.equal(await found.find('xz'), join(second, 'xz'))
    assert.equal(await found.find('zstd'), undefined)
    assert.equal(await found.find('../xz'), undefined)
  })
})

describe("the machine's clock", () => {
  it('stops sleeping with the reason of the signal', async () => {
    const controller = new AbortController()
    const sleeping = systemClock.sleep(100_000, controller.signal)
    controller.abort(new Error('interrupted'))
    await assert.rejects(sleeping, /interrupted/)
    await systemClock.sleep(1, new AbortController().signal)
    assert.ok(systemClock.now().getTime() > 0)
  })
})
