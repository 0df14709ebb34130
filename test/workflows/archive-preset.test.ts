import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, onTestFinished, test } from 'vitest'
import { createWorld } from '../../src/commands/base/world.ts'
import { vendorPresetOf } from '../../src/manifest/index.ts'
import { addPlannedArchives, planArchives } from '../../src/workflows/add-archive.ts'
import { keyDownload } from '../../src/workflows/archive-preset.ts'
import { projectOf } from '../../src/workflows/project.ts'
import { readSettings } from '../../src/workflows/settings.ts'
import { siteOfSettings } from '../../src/workflows/site-of-settings.ts'
import type { World } from '../../src/workflows/world.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { assertFault } from '../support/assert-fault.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { quietSession } from '../support/scratch.ts'
import { makeTestKey } from '../support/signing.ts'

const world = { hostArchitecture: 'amd64' }
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-preset-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function manifestOf(distribution: string): void {
  const text = `manifest: 1\ndistribution: ${distribution}\narchitectures: [amd64]\npackages: [bash]\n`
  writeFileSync(join(folder, 'aptroot.yaml'), text)
}

/** What is planned when every address answers with these bytes, and which address was asked. */
async function plan(name: string, answer: string) {
  const asked: string[] = []
  const download = (url: string) => {
    asked.push(url)
    return Promise.resolve(Buffer.from(answer))
  }
  const project = projectOf('aptroot.yaml', folder)
  const source = { kind: 'preset', name, download } as const
  const request = { project, source, id: undefined, keyPath: undefined, systemFolder: folder }
  return { project, asked, planned: await planArchives(request, world) }
}

describe('an archive that is known by name', () => {
  const rows = [
    ['docker', 'debian/bookworm', 'docker https://download.docker.com/linux/debian bookworm stable'],
    ['docker', 'ubuntu/noble', 'docker https://download.docker.com/linux/ubuntu noble stable'],
    ['pgdg', 'debian/trixie', 'pgdg https://apt.postgresql.org/pub/repos/apt trixie-pgdg main'],
    [
      'ppa:some-team/tools',
      'ubuntu/jammy',
      'some-team-tools https://ppa.launchpadcontent.net/some-team/tools/ubuntu jammy main',
    ],
    ['ppa:someone', 'ubuntu/noble', 'someone https://ppa.launchpadcontent.net/someone/ppa/ubuntu noble main'],
  ] as const
  for (const [name, distribution, expected] of rows)
    test(`${name} for ${distribution} is ${expected}`, () => {
      const { id, uri, suite, component } = vendorPresetOf(name, distribution)
      assert.equal([id, uri, suite, component].join(' '), expected)
    })

  const refused = [
    ['docker', undefined, /no `distribution:`/, 'nobody knows the suite'],
    ['ppa:someone/tools', 'debian/bookworm', /made for Ubuntu/, 'Launchpad builds for Ubuntu'],
    ['ppa:../../etc', 'ubuntu/noble', /ppa:USER\/NAME/, 'a name is no path'],
    ['ppa:a/b?c', 'ubuntu/noble', /ppa:USER\/NAME/, 'nor part of an address'],
  ] as const
  for (const [name, distribution, message, why] of refused)
    test(`${name} for ${distribution ?? 'a manifest without one'} is refused: ${why}`, () =>
      assertFault(() => vendorPresetOf(name, distribution), 'USAGE_INVALID', message))

  test('of Launchpad comes with the key that its API tells, which is shown before it is trusted', async () => {
    manifestOf('ubuntu/noble')
    const key = await makeTestKey({ name: 'Launchpad' })
    const { project, asked, planned } = await plan('ppa:some-team/tools', JSON.stringify(key.toPublic().armor()))
    assert.deepEqual(asked, [
      'https://api.launchpad.net/devel/~some-team/+archive/ubuntu/tools?ws.op=getSigningKeyData',
    ])
    assert.deepEqual(
      planned.map(each => each.fingerprints),
      [[key.getFingerprint().toUpperCase()]],
    )
    await addPlannedArchives(project, planned, world)
    assert.match(readFileSync(join(folder, 'aptroot.yaml'), 'utf8'), /signed-by: keys\/some-team-tools\.asc/)
  })

  test('whose address answers with another key than the known one is refused, with both fingerprints', async () => {
    manifestOf('debian/bookworm')
    const key = await makeTestKey({ name: 'Somebody' })
    const fault = await assertFault(
      () => plan('docker', key.toPublic().armor()),
      'FETCH_INTEGRITY',
      /aptroot knows 9DC85822/,
    )
    assert.deepEqual(fault.context.found, [key.getFingerprint().toUpperCase()])
  })

  test('whose address answers with something else is refused', async () => {
    manifestOf('ubuntu/noble')
    for (const answer of ['<html>', '{"a": 1}', '"no key"'])
      await assertFault(() => plan('ppa:someone', answer), 'KEYRING_MALFORMED')
  })

  test('is held to the known key also where a file has it, and asks nobody then', async () => {
    manifestOf('debian/bookworm')
    writeFileSync(join(folder, 'other.asc'), (await makeTestKey({ name: 'Other' })).toPublic().armor())
    const before = readFileSync(join(folder, 'aptroot.yaml'), 'utf8')
    const result = await runAptroot(['archive', 'add', 'pgdg', '--key', 'other.asc', '--yes', '--json'], { folder })
    assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [6, 'FETCH_INTEGRITY'], result.output)
    assert.equal(readFileSync(join(folder, 'aptroot.yaml'), 'utf8'), before)
  })

  test('whose address has no key is told how to give it, and of no mirror: a key has none', async () => {
    const vendor = await startMirror()
    const { world, close } = createWorld({ environment: {}, packageFolder: folder, workingFolder: folder })
    onTestFinished(close)
    const place = { environment: { HOME: folder }, workingFolder: folder, projectFolder: folder }
    const site = async () => siteOfSettings(await readSettings({}, place), undefined)
    const fault = await assertFault(keyDownload(site, quietSession(), world)(`${vendor.url}/gpg`), 'NETWORK_STATUS')
    assert.match(fault.hint ?? '', /with --key\.$/)
  })

  test('needs its key from a file where the network is off limits', async () => {
    const place = { environment: { HOME: folder }, workingFolder: folder, projectFolder: folder }
    const site = async () => siteOfSettings(await readSettings({ offline: true }, place), undefined)
    const download = keyDownload(site, quietSession(), {} as World)
    await assertFault(() => download('https://download.docker.com/linux/debian/gpg'), 'FETCH_OFFLINE', /off limits/)
  })
})
