import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { startHttpsMirror, tlsFixturePath } from '../support/https-mirror.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { packagesFile } from '../support/packages-file.ts'
import { scratchFolder } from '../support/scratch.ts'
import { signedSuite } from '../support/signed-suite.ts'
import { makeTestKey } from '../support/signing.ts'

/** A project, and the files of a signed archive that has what it wants. */
async function situation() {
  const folder = await scratchFolder()
  const key = await makeTestKey({ name: 'Archive' })
  await mkdir(join(folder, '.config/aptroot'), { recursive: true })
  await writeFile(join(folder, 'key.asc'), key.toPublic().armor())
  const lines = ['manifest: 1', 'architectures: [amd64]', 'archives:', '  - id: test', '    suites: [stable]']
  const rest = ['    uri: http://mirror.example.org/debian', '    components: [main]', '    signed-by: ./key.asc']
  await writeFile(join(folder, 'aptroot.yaml'), [...lines, ...rest, 'base: none', 'packages: [nginx]', ''].join('\n'))
  const indexes = { 'main/binary-amd64': packagesFile({ 'nginx 1.22': {} }) }
  return {
    folder,
    files: await signedSuite({ keys: [key], indexes }),
    update: (...flags: string[]) => runAptroot(['lock', 'update', '--as-of', '2026-01-20', ...flags], { folder }),
  }
}

describe('lock update from a mirror that is not for everybody', () => {
  test('shows the client certificate of the settings to an https mirror with an authority of its own', async () => {
    const { folder, files, update } = await situation()
    const mirror = await startHttpsMirror(files, 'demanded')
    const unknown = await update('--mirror', `test=${mirror.url}`)
    assert.match(unknown.errorOutput, /no trusted authority vouches .*\[NETWORK_UNREACHABLE\]\nhint: .*`tls`/)
    const paths = { ca: 'authority.pem', certificate: 'client.pem', key: 'client.key' }
    const lines = Object.entries(paths).map(([name, file]) => `  ${name}: ${tlsFixturePath(file)}`)
    await writeFile(join(folder, '.config/aptroot/settings.yaml'), `tls:\n${lines.join('\n')}\n`)
    const result = await update('--mirror', `test=${mirror.url}`)
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.deepEqual(new Set(mirror.clients), new Set(['aptroot test client']))
  })

  test('takes the password from a folder like auth.conf.d, prints it nowhere and keeps it nowhere', async () => {
    const { folder, files: archive, update } = await situation()
    const mirror = await startMirror({ files: archive })
    mirror.demand('user', 'topsecret')
    const { host } = new URL(mirror.url)
    await mkdir(join(folder, 'auth.conf.d'))
    await writeFile(join(folder, 'auth.conf.d/a.conf'), 'machine http://mirror.example.org login user password wrong\n')
    await writeFile(join(folder, 'auth.conf.d/b.conf'), `machine http://${host} login user password topsecret\n`)
    const flags = ['--mirror', `test=${mirror.url}`]
    const refused = await update(...flags, '--json', '--verbose')
    assert.deepEqual([refused.exitCode, envelopeOf(refused).fault?.code], [4, 'NETWORK_STATUS'])
    const result = await update(...flags, '--verbose', '--credentials', 'auth.conf.d')
    assert.equal(result.exitCode, 0, result.errorOutput)
    const wrong = await update('--mirror', `test=${mirror.url.replace('//', '//user:topsecret2@')}`, '--verbose')
    assert.equal(wrong.exitCode, 4)
    const right = await update('--mirror', `test=${mirror.url.replace('//', '//user:topsecret@')}`, '--verbose')
    assert.equal(right.exitCode, 0, right.errorOutput)
    const store = join(folder, '.cache/aptroot')
    const files = await readdir(store, { recursive: true, withFileTypes: true })
    for (const each of files.filter(file => file.isFile()))
      assert.doesNotMatch(await readFile(join(each.parentPath, each.name), 'latin1'), /topsecret/, each.name)
    for (const { output, errorOutput } of [refused, result, wrong, right])
      assert.doesNotMatch(output + errorOutput, /topsecret|dXNlcj/)
  })
})
