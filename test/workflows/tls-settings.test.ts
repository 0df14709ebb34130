import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, test } from 'vitest'
import { readSettings } from '../../src/workflows/settings.ts'
import { readTlsMaterial } from '../../src/workflows/tls-settings.ts'
import { assertFault } from '../support/assert-fault.ts'
import { scratchFolder } from '../support/scratch.ts'

interface Given {
  readonly user?: string
  readonly project?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Beside the user's settings file. */
  readonly files?: Readonly<Record<string, string>>
}

/** What each host gets, as `ca certificate key`. */
async function materialOf({ user = '', project = '', environment = {}, files = {} }: Given) {
  const folder = await scratchFolder()
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  await write('.config/aptroot/settings.yaml', user)
  await write('project/.aptroot/settings.yaml', project)
  for (const [name, text] of Object.entries(files)) await write(`.config/aptroot/${name}`, text)
  const projectFolder = join(folder, 'project')
  const place = { environment: { HOME: folder, ...environment }, workingFolder: folder, projectFolder }
  const { tls } = await readSettings({}, place)
  const tlsOf = await readTlsMaterial(tls)
  return (url: string) => {
    const material = tlsOf?.(new URL(url))
    return material === undefined ? undefined : [material.ca, material.certificate, material.key]
  }
}

const files = { 'ca.pem': 'CA', 'me.pem': 'ME', 'me.key': 'KEY', 'other.pem': 'OTHER' }

describe('the tls settings', () => {
  test('leave everything to Node where nobody said anything', async () => {
    const of = await materialOf({})
    assert.equal(of('https://mirror.example.org/debian'), undefined)
  })

  test('hold for all hosts, and a host has what it has of its own', async () => {
    const user = `tls:
  ca: ca.pem
  certificate: me.pem
  key: me.key
  hosts:
    Other.example.org: {certificate: other.pem}
    "::1": {ca: other.pem}
`
    const of = await materialOf({ user, files })
    assert.deepEqual(of('https://mirror.example.org:8443/debian'), ['CA', 'ME', 'KEY'])
    assert.deepEqual(of('https://other.example.org/'), ['CA', 'OTHER', 'OTHER'], 'certificate and key in one file')
    assert.deepEqual(of('https://[::1]/'), ['OTHER', 'ME', 'KEY'])
  })

  test('of one host alone say nothing about others', async () => {
    const of = await materialOf({ user: 'tls: {hosts: {mirror.example.org: {ca: ca.pem}}}', files })
    assert.deepEqual(of('https://mirror.example.org/'), ['CA', undefined, undefined])
    assert.equal(of('https://snapshot.example.org/'), undefined)
  })

  test('may be variables', async () => {
    const environment = { APTROOT_TLS_CA: '.config/aptroot/ca.pem', APTROOT_TLS_CERTIFICATE: '.config/aptroot/me.pem' }
    const of = await materialOf({ environment, files })
    assert.deepEqual(of('https://mirror.example.org/'), ['CA', 'ME', 'ME'])
  })

  const wrong: readonly [string, Given, RegExp][] = [
    ['a key alone', { user: 'tls: {key: me.key}', files }, /settings\.yaml:1:6: a key without a certificate/],
    ['a key alone in a variable', { environment: { APTROOT_TLS_KEY: 'x' } }, /APTROOT_TLS_KEY: a key without/],
    ['a slip of the pen', { user: 'tls: {cert: me.pem}', files }, /:1:7: tls has no "cert" there/],
    ['hosts within a host', { user: 'tls: {hosts: {h: {hosts: {}}}}' }, /tls has no "hosts" there/],
    ['a file that is not there', { user: 'tls: {ca: absent.pem}' }, /absent\.pem of the setting `tls\.ca` .*ENOENT/],
    [
      'the settings of a project',
      { project: 'tls: {ca: ca.pem}' },
      /\.aptroot\/settings\.yaml:1:1: tls may not be set/,
    ],
  ]
  for (const [what, given, message] of wrong)
    test(`of ${what} are refused`, async () => {
      await assertFault(materialOf(given), 'SETTINGS_INVALID', message)
    })
})
