import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { finishApt } from '../../src/rootfs/finish-apt.ts'
import { ScriptRunner } from '../../src/rootfs/run-dpkg.ts'
import { Staging } from '../../src/rootfs/staging.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'

const request = {
  automatic: ['libapt-pkg6.0:amd64'],
  nativeArchitecture: 'amd64',
  foreignArchitectures: [],
  customisation: { removedPackages: [] },
}

/** @param failing the program that ends with status 1 */
async function scene(failing: string | undefined) {
  const folder = join(await scratchFolder(), 'root')
  await mkdir(folder)
  const staging = new Staging(folder)
  const sandbox: Sandbox = {
    backEnd: 'bubblewrap',
    weaknesses: [],
    run: async ({ program, onOutput }) => {
      if (program === failing) onOutput?.(Buffer.from('not permitted\n'))
      const nothing = new Uint8Array()
      return { exitStatus: program === failing ? 1 : 0, output: nothing, errorOutput: nothing }
    },
  }
  return { root: { staging, hasFile: () => true }, scripts: new ScriptRunner(sandbox, staging, '1.21.22') }
}

describe('the last steps of apt', () => {
  test('mark what nobody asked for', async () => {
    const place = await scene(undefined)
    await finishApt(request, place, quietSession())
    assert.match(place.root.staging.readText('var/lib/apt/extended_states') ?? '', /^Package: libapt-pkg6.0$/m)
  })

  test('end the build when apt-get cannot empty its cache', async () => {
    const place = await scene('/usr/bin/apt-get')
    await assertFault(
      finishApt(request, place, quietSession()),
      'SCRIPT_FAILED',
      'apt-get clean ended with status 1: not permitted',
    )
  })

  test('end the build when the folders cannot be given to the user of apt', async () => {
    const place = await scene('/bin/sh')
    await assertFault(
      finishApt(request, place, quietSession()),
      'SCRIPT_FAILED',
      "giving apt's folders to _apt ended with status 1: not permitted",
    )
  })
})
