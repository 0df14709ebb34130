import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { Fault } from '../../src/kernel/index.ts'
import { type AssembledRoot, type AssembleRequest, assembleRoot } from '../../src/rootfs/index.ts'
import { compareBuilds } from '../../src/workflows/compare-builds.ts'
import { assertFault } from '../support/assert-fault.ts'
import { configureHost, plainImage } from '../support/configure-host.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'
import { scratchStore, storeDeb } from '../support/stored-debs.ts'

/** A root of one package with one file, and the request that gives it. */
async function built(content: string): Promise<{ request: AssembleRequest; root: AssembledRoot }> {
  const store = await scratchStore()
  const deb = await storeDeb(store, {
    control: { Package: 'clock' },
    files: [{ kind: 'file', path: '/usr/share/clock/time', content }],
  })
  const request: AssembleRequest = {
    debs: [deb],
    nativeArchitecture: 'amd64',
    foreignArchitectures: [],
    image: { configure: 'none', excludePaths: [], mergedUsr: undefined },
    files: [],
    sourceDateEpochSeconds: 1_750_000_000,
    automatic: [],
    customisation: plainImage,
    store,
    host: { ...configureHost(), temporaryFolder: await scratchFolder() },
    reuse: 'fresh',
  }
  return { request, root: await assembleRoot(request, quietSession()) }
}

describe('lock install --check', () => {
  test('says so when the second build gives the same tree', async () => {
    const { request, root } = await built('noon')
    const session = recordedSession()
    const umask = process.umask()
    await compareBuilds(request, root, session)
    assert.ok(session.events.some(event => event.kind === 'noted' && event.message.includes(root.digest)))
    assert.equal(process.umask(), umask, 'the conditions are put back')
  })

  test('names each path that differs, with its package and what differs', async () => {
    const { root } = await built('noon')
    const { request } = await built('midnight')
    const fault = await assertFault(
      compareBuilds(request, root, quietSession()),
      'BUILD_DIFFERS',
      '/usr/share/clock/time (of clock): content',
    )
    assert.equal(fault.exitCode, 1)
  })

  test('names the script that made or changed it, found out by a build that runs them one by one', async () => {
    const { root } = await built('noon')
    const { request } = await built('midnight')
    const traceScripts = async () => new Map([['usr/share/clock/time', 'the postinst of tower']])
    await assertFault(
      compareBuilds(request, { ...root, traceScripts }, quietSession()),
      'BUILD_DIFFERS',
      '/usr/share/clock/time (of clock, changed by the postinst of tower): content',
    )
  })

  test('says what differs also when the scripts cannot be run a third time', async () => {
    const { root } = await built('noon')
    const { request } = await built('midnight')
    const session = recordedSession()
    const traceScripts = () => Promise.reject(new Fault('SCRIPT_FAILED', { message: 'the postinst of clock stopped' }))
    await assertFault(
      compareBuilds(request, { ...root, traceScripts }, session),
      'BUILD_DIFFERS',
      '(of clock): content',
    )
    assert.ok(session.events.some(event => event.kind === 'warned' && event.message.includes('clock stopped')))
  })

  test('refuses what looks like a secret of one machine, and says where', async () => {
    const { request, root } = await built('noon')
    const suspects = [{ path: 'var/lib/tool/seed', because: 'random bytes' }]
    const fault = await assertFault(
      compareBuilds(request, { ...root, suspects }, quietSession()),
      'SECRET_SUSPECTED',
      '/var/lib/tool/seed: random bytes',
    )
    assert.equal(fault.exitCode, 1)
  })
})
