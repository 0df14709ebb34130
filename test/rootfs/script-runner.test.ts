import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { readPackageFacts } from '../../src/dpkg/index.ts'
import { ScriptRunner } from '../../src/rootfs/run-dpkg.ts'
import { Staging } from '../../src/rootfs/staging.ts'
import type { Sandbox, SandboxedProgram } from '../../src/sandbox/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'

const deb = {
  name: 'server',
  version: '1',
  architecture: 'amd64',
  multiArch: 'no',
  essential: false,
  control: Buffer.from('Package: server\nVersion: 1\nArchitecture: amd64\nMaintainer: x\nDescription: x\n'),
  controlFiles: [{ name: 'preinst', bytes: Buffer.from('#!/bin/sh\n'), mode: 0o755, modifiedSeconds: 0 }],
  entries: [],
  md5BySha256: new Map(),
} as const

/** A sandbox whose programs print and end as the test says. */
async function scene(answer: { readonly status: number; readonly prints: string }) {
  const folder = join(await scratchFolder(), 'root')
  await mkdir(folder)
  const staging = new Staging(folder)
  const programs: { program: SandboxedProgram; control: string | undefined }[] = []
  const sandbox: Sandbox = {
    backEnd: 'bubblewrap',
    weaknesses: [],
    run: async program => {
      programs.push({ program, control: staging.readText('var/lib/dpkg/tmp.ci/control') })
      const bytes = Buffer.from(answer.prints)
      program.onOutput?.(bytes)
      return { exitStatus: answer.status, output: new Uint8Array(), errorOutput: bytes }
    },
  }
  return { staging, programs, scripts: new ScriptRunner(sandbox, staging, '1.21.22') }
}

describe('a package that is to leave', () => {
  const needed = `dpkg: dependency problems prevent removal of libc6:amd64:
 login depends on libc6 (>= 2.34).
 apt depends on libc6 (>= 2.34).

dpkg: error processing package libc6:amd64 (--purge):
 dependency problems - not removing
Errors were encountered while processing:
 libc6:amd64
`
  const essential = `dpkg: error processing package bash (--purge):
 this is an essential package; it should not be removed
Errors were encountered while processing:
 bash
`
  for (const [prints, because] of [
    [needed, 'dpkg --purge a b ended with status 1: libc6:amd64: apt depends on libc6 (>= 2.34).'],
    [essential, 'dpkg --purge a b ended with status 1: bash: this is an essential package; it should not be removed'],
    ['dpkg: something else\n', 'dpkg --purge a b ended with status 1: dpkg: something else'],
  ] as const)
    test(`and cannot is a fault that says why: ${because.slice(38)}`, async () => {
      const { scripts } = await scene({ status: 1, prints })
      const fault = await assertFault(scripts.purge(['a', 'b'], quietSession()), 'SCRIPT_FAILED', 'dpkg --purge')
      assert.equal(fault.message, because)
    })
})

describe('a preinst', () => {
  test('runs from tmp.ci with the control file beside it, and knows its package', async () => {
    const { programs, scripts, staging } = await scene({ status: 0, prints: '' })
    await scripts.preinst(readPackageFacts(deb), quietSession())
    const [first] = programs
    assert.equal(first?.program.program, '/var/lib/dpkg/tmp.ci/preinst')
    assert.deepEqual(first.program.arguments, ['install'])
    assert.equal(first.program.environment?.DPKG_MAINTSCRIPT_PACKAGE, 'server')
    assert.equal(first.program.environment?.DPKG_RUNNING_VERSION, '1.21.22')
    assert.match(first.control ?? '', /^Package: server$/m)
    assert.equal(staging.readText('var/lib/dpkg/tmp.ci/control'), undefined)
  })

  test('that fails is a fault with package, script, status and its last line', async () => {
    const { scripts } = await scene({ status: 3, prints: 'looking\nno such user: www\n' })
    const fault = await assertFault(
      scripts.preinst(readPackageFacts(deb), quietSession()),
      'SCRIPT_FAILED',
      'the preinst of server ended with status 3: no such user: www',
    )
    assert.equal(fault.exitCode, 8)
    assert.deepEqual(fault.context.output, ['looking', 'no such user: www'])
  })
})

describe('dpkg --configure', () => {
  test('reports each package that it sets up', async () => {
    const { scripts } = await scene({ status: 0, prints: 'Setting up server (1) ...\n' })
    const session = recordedSession()
    await scripts.configure([readPackageFacts(deb)], session)
    assert.deepEqual(
      session.events.map(event => [event.kind, 'name' in event ? event.name : '']),
      [
        ['traced', ''],
        ['started', 'server'],
        ['finished', 'server'],
      ],
    )
  })

  test('that fails names the package and the script that dpkg named', async () => {
    const prints = [
      'Setting up server (1) ...',
      'cannot reach \u001b[31mthe\u001b[0m database',
      'dpkg: error processing package server (--configure):',
      ' installed server package post-installation script subprocess returned error exit status 7',
      'Errors were encountered while processing:',
      ' server',
    ].join('\n')
    const { scripts } = await scene({ status: 1, prints: `${prints}\n` })
    const fault = await assertFault(
      scripts.configure([readPackageFacts(deb)], quietSession()),
      'SCRIPT_FAILED',
      'the postinst of server ended with status 7',
    )
    assert.doesNotMatch(fault.message, /\u001b/, 'what a script prints cannot steer the terminal')
  })
})
