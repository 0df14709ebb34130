import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import type { ProcessRunner } from '../../src/kernel/index.ts'
import { type Emulation, type Emulator, findEmulation, registerEmulator } from '../../src/sandbox/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'

const installed = ['mount', 'qemu-aarch64-static', 'qemu-arm-static', 'qemu-s390x-static']

function machine(programs: readonly string[], errorOutput = ''): ProcessRunner {
  return {
    find: async name => (programs.includes(name) ? `/usr/bin/${name}` : undefined),
    run: async () => ({
      exitStatus: errorOutput === '' ? 0 : 32,
      output: new Uint8Array(),
      errorOutput: Buffer.from(errorOutput),
    }),
  }
}

/** On amd64. */
async function emulationOf(architecture: string, programs = installed, registered: readonly string[] = []) {
  const registryFolder = await scratchFolder()
  mkdirSync(registryFolder, { recursive: true })
  registered.forEach((text, at) => {
    writeFileSync(join(registryFolder, `entry-${at}`), text)
  })
  return await findEmulation({ architecture, processor: 'x64', runner: machine(programs), registryFolder })
}

function emulatorOf(emulation: Emulation): Emulator {
  assert.equal(emulation.kind, 'private')
  return emulation.kind === 'private' ? emulation.emulator : assert.fail()
}

const magicOfArm64 = '7f454c460201010000000000000000000200b700'

describe('programs of another architecture', () => {
  test('need nothing where the processor runs them: i386 on amd64', async () => {
    for (const architecture of ['amd64', 'i386'])
      assert.deepEqual(await emulationOf(architecture, []), { kind: 'kernel' })
  })

  test('are known by the header that the package qemu-user-static registers too', async () => {
    const { registration, program } = emulatorOf(await emulationOf('arm64'))
    assert.equal(program, '/usr/bin/qemu-aarch64-static')
    assert.equal(
      registration,
      String.raw`:aptroot-aarch64:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:POCF`,
    )
    assert.ok(emulatorOf(await emulationOf('s390x')).registration.includes(String.raw`\x00\x02\x00\x16:`))
    assert.ok(emulatorOf(await emulationOf('armhf')).registration.includes(String.raw`\x02\x00\x28\x00:`))
  })

  test('are run by what the host has registered, if that works in a root without the emulator', async () => {
    const entry = (flags: string, state = 'enabled') =>
      `${state}\ninterpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P\nflags: ${flags}\noffset 0\nmagic ${magicOfArm64}\n`
    const kinds = [entry('POF'), entry('PO'), entry('POF', 'disabled')].map(
      async text => (await emulationOf('arm64', installed, [text])).kind,
    )
    assert.deepEqual(await Promise.all(kinds), ['kernel', 'private', 'private'])
  })

  test('want a package named when there is no emulator', async () => {
    const absent = await assertFault(emulationOf('arm64', ['mount']), 'SANDBOX_UNAVAILABLE')
    assert.match(absent.message, /scripts of arm64.*qemu-aarch64-static is not installed/)
    assert.match(absent.hint ?? '', /package qemu-user-static/)
    await assertFault(emulationOf('arm64', ['qemu-aarch64-static']), 'SANDBOX_UNAVAILABLE', /no program mount/)
    await assertFault(emulationOf('hppa'), 'SANDBOX_UNAVAILABLE', /no emulator/)
  })

  test('cannot be run before Linux 6.7, and the fault says what to do on the host', async () => {
    const emulator = emulatorOf(await emulationOf('arm64'))
    const folder = join(await scratchFolder(), 'binfmt_misc')
    const runner = machine([], 'mount: binfmt_misc: permission denied.\n')
    const fault = await assertFault(
      registerEmulator(emulator, { folder, runner }, quietSession()),
      'SANDBOX_UNAVAILABLE',
    )
    assert.match(fault.message, /cannot be mounted in a user namespace \(mount: binfmt_misc: permission denied/)
    assert.match(fault.hint ?? '', /Linux 6\.7.*binfmt-support/)
  })
})
