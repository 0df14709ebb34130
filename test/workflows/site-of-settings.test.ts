import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { defaultSettings, mergeSettings, settingsOfFlags } from '../../src/workflows/merge-settings.ts'
import { readUsableHost, siteOfSettings } from '../../src/workflows/site-of-settings.ts'
import { assertFault } from '../support/assert-fault.ts'
import { recordedSession, scratchFolder } from '../support/scratch.ts'

const settingsWith = (flags: Parameters<typeof settingsOfFlags>[0]) =>
  mergeSettings([settingsOfFlags(flags, '/work'), defaultSettings({ HOME: '/home/me' })])

async function hostWith(sources: string) {
  const root = await scratchFolder()
  await mkdir(join(root, 'etc/apt'), { recursive: true })
  await writeFile(join(root, 'etc/apt/sources.list'), sources)
  await writeFile(join(root, 'etc/apt/apt.conf'), 'Acquire::http::Proxy "http://apt.example.org:3142/";')
  return root
}

describe('what settings come to', () => {
  test('has the proxy of the settings, else that of apt', async () => {
    const session = recordedSession()
    const host = await readUsableHost(await hostWith(''), session)
    const url = new URL('http://mirror.example.org/debian')
    const proxyOf = async (flags: Parameters<typeof settingsOfFlags>[0], asked: typeof host) =>
      (await siteOfSettings(settingsWith(flags), asked)).proxyOf?.(url)?.host
    assert.equal(await proxyOf({}, host), 'apt.example.org:3142')
    assert.equal(await proxyOf({ proxy: 'http://own.example.org' }, host), 'own.example.org')
    assert.equal(await proxyOf({ proxy: 'none' }, host), undefined)
    assert.equal(await proxyOf({}, undefined), undefined)
    assert.deepEqual(session.events, [])
  })

  test('has the text of the credentials, or says why not, without showing it', async () => {
    const folder = await scratchFolder()
    const file = join(folder, 'netrc')
    await writeFile(file, 'machine h login me password secret\n')
    const site = await siteOfSettings(settingsWith({ credentials: file }), undefined)
    assert.equal(site.credentialText, 'machine h login me password secret\n')
    await writeFile(file, 'secret'.repeat(200_000))
    for (const path of [file, join(folder, 'absent'), '/dev/null']) {
      const fault = await assertFault(
        siteOfSettings(settingsWith({ credentials: path }), undefined),
        'SETTINGS_INVALID',
      )
      assert.doesNotMatch(fault.message, /secret/)
    }
  })

  test("has apt's credentials of this host where the settings name none", async () => {
    const folder = await scratchFolder()
    const file = join(folder, 'netrc')
    await writeFile(file, 'machine own login me password secret\n')
    const textOf = async (flags: Parameters<typeof settingsOfFlags>[0]) =>
      (await siteOfSettings(settingsWith(flags), undefined, 'machine host')).credentialText
    assert.equal(await textOf({}), 'machine host')
    assert.match(await textOf({ credentials: file }), /^machine own/)
  })

  test('does without a host whose apt configuration is broken, and says so', async () => {
    const session = recordedSession()
    assert.equal(await readUsableHost(await hostWith('deb'), session), undefined)
    const [event] = session.events
    assert.ok(event?.kind === 'warned')
    assert.match(event.message, /passed over: \/etc\/apt\/sources\.list:1: there is no URI/)
  })
})
