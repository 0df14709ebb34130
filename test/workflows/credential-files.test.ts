import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { parseCredentialFile } from '../../src/transfer/index.ts'
import { readCredentials, readHostCredentials } from '../../src/workflows/credential-files.ts'
import { assertFault } from '../support/assert-fault.ts'
import { scratchFolder } from '../support/scratch.ts'

const entry = (host: string) => `machine ${host} login me password secret`
const hostsOf = (text: string) => parseCredentialFile(text).map(each => each.host)

describe('credentials', () => {
  test('of a folder are those of its files, in the order of their names', async () => {
    const folder = await scratchFolder()
    for (const name of ['90site.conf', '10vendor', '50b.conf', '50b.conf.bak', '.hidden', 'notes.txt'])
      await writeFile(join(folder, name), entry(name))
    assert.deepEqual(hostsOf(await readCredentials(folder)), ['10vendor', '50b.conf', '90site.conf'])
  })

  test('may stand in a file that is named after its host, as apt takes it', async () => {
    const folder = await scratchFolder()
    for (const name of ['mirror.example.org.conf', 'mirror.example.org', '.conf', '.b.conf', 'a.conf.dpkg-old'])
      await writeFile(join(folder, name), entry(name))
    assert.deepEqual(hostsOf(await readCredentials(folder)), ['mirror.example.org.conf'])
  })

  test('of apt on this host are auth.conf, then auth.conf.d; what cannot be read is passed over', async () => {
    const root = await scratchFolder()
    assert.equal(await readHostCredentials(root), '')
    await mkdir(join(root, 'etc/apt/auth.conf.d'), { recursive: true })
    await writeFile(join(root, 'etc/apt/auth.conf'), entry('first.example.org'))
    await writeFile(join(root, 'etc/apt/auth.conf.d/b.conf'), entry('second.example.org'))
    await symlink('nowhere', join(root, 'etc/apt/auth.conf.d/a.conf'))
    assert.deepEqual(hostsOf(await readHostCredentials(root)), ['first.example.org', 'second.example.org'])
  })

  test('in a folder with a file that cannot be read are a fault without any secret', async () => {
    const folder = await scratchFolder()
    await writeFile(join(folder, 'a.conf'), entry('a'))
    await writeFile(join(folder, 'b.conf'), 'secret'.repeat(200_000))
    const fault = await assertFault(
      readCredentials(folder),
      'SETTINGS_INVALID',
      /b\.conf .*`credentials` .*1200000 bytes/,
    )
    assert.doesNotMatch(JSON.stringify(fault.context), /secret/)
  })
})
