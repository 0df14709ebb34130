import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import type { ProcessRequest, ProcessResult, ProcessRunner } from '../../src/kernel/index.ts'
import { defaultLimits, openSandbox, type SandboxRequest } from '../../src/sandbox/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'

const nothing = new Uint8Array()
const said = (exitStatus: number, errorOutput = ''): ProcessResult => ({
  exitStatus,
  output: nothing,
  errorOutput: Buffer.from(errorOutput),
})

/** A machine with these programs; each run is answered by the first rule that knows it. */
function machine(programs: readonly string[], answer: (request: ProcessRequest) => Promise<ProcessResult>) {
  const requests: ProcessRequest[] = []
  const runner: ProcessRunner = {
    find: async program => (programs.includes(program) ? `/usr/bin/${program}` : undefined),
    run: request => {
      requests.push(request)
      return answer(request)
    },
  }
  return { runner, requests }
}

const requestOf = (runner: ProcessRunner, changes: Partial<SandboxRequest> = {}): SandboxRequest => ({
  rootFolder: '/srv/root',
  backEnd: undefined,
  sourceDateEpochSeconds: 1_750_000_000,
  limits: { ...defaultLimits, seconds: 60 },
  runner,
  processor: 'x64',
  ...changes,
})

describe('maintainer scripts are isolated', () => {
  test('by bubblewrap where it can make namespaces, with nothing of the host in the environment', async () => {
    const { runner, requests } = machine(['bwrap', 'chroot'], async () => said(0))
    const sandbox = await openSandbox(requestOf(runner), quietSession())
    assert.equal(sandbox.backEnd, 'bubblewrap')
    assert.deepEqual(sandbox.weaknesses, [])
    await sandbox.run({ program: '/usr/bin/dpkg', arguments: ['--audit'] }, quietSession())
    const { arguments: line, environment, descriptors } = requests.at(-1) ?? assert.fail()
    assert.deepEqual(environment, {})
    assert.ok(line.includes('--clearenv') && line.includes('--unshare-net') && line.includes('--die-with-parent'))
    assert.deepEqual(line.slice(-3), ['sh', '/usr/bin/dpkg', '--audit'])
    assert.equal(descriptors?.length, 1, 'the filter for system calls')
  })

  test('by chroot where namespaces are forbidden, and what that cannot do is said', async () => {
    const { runner, requests } = machine(['bwrap', 'chroot', 'mknod'], async request =>
      request.program.endsWith('bwrap') ? said(1, 'bwrap: No permissions to create new namespace\n') : said(0),
    )
    const rootFolder = await scratchFolder()
    const sandbox = await openSandbox(requestOf(runner, { rootFolder }), quietSession())
    assert.equal(sandbox.backEnd, 'chroot')
    assert.ok(requests.some(({ arguments: line }) => line.includes(`${rootFolder}/dev/null`)))
    assert.ok(sandbox.weaknesses.some(each => each.includes('network')))
    assert.ok(sandbox.weaknesses.includes('filter system calls'), 'nothing of the root could apply the filter')
  })

  test("by chroot with a filter of system calls where the root's own perl can apply it", async () => {
    const { runner, requests } = machine(['chroot', 'mknod'], async ({ arguments: line }) =>
      said(line.includes('exit 42') ? 42 : 0),
    )
    const rootFolder = await scratchFolder()
    const sandbox = await openSandbox(requestOf(runner, { rootFolder }), quietSession())
    assert.ok(!sandbox.weaknesses.includes('filter system calls'))
    await sandbox.run({ program: '/usr/bin/dpkg', arguments: ['--audit'] }, quietSession())
    const { arguments: line } = requests.at(-1) ?? assert.fail()
    assert.ok(line.indexOf('/usr/bin/perl') < line.indexOf('/usr/bin/dpkg'))
    assert.deepEqual(line.slice(-2), ['/usr/bin/dpkg', '--audit'])
  })

  test('or not at all: the fault lists what was tried', async () => {
    const { runner } = machine(['bwrap'], async () => said(1, 'bwrap: No permissions to create new namespace\n'))
    const fault = await assertFault(
      openSandbox(requestOf(runner), quietSession()),
      'SANDBOX_UNAVAILABLE',
      'No permissions to create new namespace',
    )
    assert.equal(fault.exitCode, 8)
    assert.match(fault.message, /no program chroot/)
    assert.match(fault.hint ?? '', /bubblewrap/)
  })
})

test('a script that waits for what never comes is ended after the limit', async () => {
  const { runner } = machine(['bwrap'], request =>
    request.arguments.includes('--version')
      ? Promise.resolve(said(0))
      : new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => reject(request.signal.reason))
        }),
  )
  const limits = { ...defaultLimits, seconds: 0.01 }
  const sandbox = await openSandbox(requestOf(runner, { limits }), quietSession())
  await assertFault(
    sandbox.run({ program: '/usr/bin/dpkg', arguments: [] }, quietSession()),
    'SCRIPT_LIMIT',
    'after 0.01 seconds',
  )
})
