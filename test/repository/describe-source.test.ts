import assert from 'node:assert/strict'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { describeSource, type OfferedSource } from '../../src/repository/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { repositoryAt, testSigner } from '../support/repository-place.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { writeSource } from '../support/source-package.ts'

async function sourceIn(folder: string, change: (dsc: string) => string = dsc => dsc): Promise<OfferedSource> {
  const path = join(folder, await writeSource(folder, { name: 'hello', version: '1:1.0-1' }))
  await writeFile(path, change(await readFile(path, 'utf8')))
  return described(path, folder)
}

function described(path: string, folder: string): Promise<OfferedSource> {
  return describeSource({ name: path, content: file => bytesOf(join(folder, file)) })
}

async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield await readFile(path)
}

describe('a source package that somebody publishes', () => {
  it('is listed with its .dsc among the files, by SHA256 alone', async () => {
    const { source } = await sourceIn(await scratchFolder())
    assert.deepEqual(
      source.files.map(({ name }) => name),
      ['hello_1.0-1.dsc', 'hello_1.0-1.tar.gz'],
    )
    const text = Buffer.from(source.stanza).toString()
    assert.match(text, /^Package: hello\nFormat: 3\.0 \(native\)\n/)
    assert.match(text, /^Directory: pool\/h\/hello\/epoch-1$/m)
    assert.doesNotMatch(text, /^(Source|Files):/m)
  })

  it('may be signed by whoever built it', async () => {
    const signed = (dsc: string) =>
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${dsc}\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n`
    const { source } = await sourceIn(await scratchFolder(), signed)
    assert.equal(source.version, '1:1.0-1')
  })

  it.each([
    ['no control file', () => 'hello\n', /cannot be published/],
    ['no name', (dsc: string) => dsc.replace('Source: hello', 'Source: He/llo'), /is no name of a source/],
    ['no version', (dsc: string) => dsc.replace('Version: 1:1.0-1', 'Version: ../1'), /is no version/],
    ['no digests', (dsc: string) => dsc.replace(/Checksums-Sha256:\n.*\n/, ''), /names no files with their SHA256/],
    [
      'a file elsewhere',
      (dsc: string) => dsc.replace(/ hello_1\.0-1\.tar\.gz/g, ' ../key.asc'),
      /names no file beside it/,
    ],
    ['a hidden file', (dsc: string) => dsc.replace(/ hello_1\.0-1\.tar\.gz/g, ' .key'), /names no file beside it/],
  ])('is refused with %s', async (_, change, message) => {
    await assertFault(sourceIn(await scratchFolder(), change), 'SOURCE_MALFORMED', message)
  })

  it('is refused when a file has other bytes than its .dsc says', async () => {
    const folder = await scratchFolder()
    await sourceIn(folder)
    await appendFile(join(folder, 'hello_1.0-1.tar.gz'), 'x')
    await assertFault(described(join(folder, 'hello_1.0-1.dsc'), folder), 'SOURCE_MALFORMED', /has other bytes/)
  })

  it.each(['dists/stable', 'aptroot/debs', 'pool/.git'])('never lies in %s', async directory => {
    const offered = await sourceIn(await scratchFolder())
    const source = { ...offered.source, directory }
    const repository = repositoryAt(await scratchFolder())
    const publication = { suite: 'stable', component: 'main', architectures: ['amd64'], description: {}, debs: [] }
    const signer = await testSigner()
    await assertFault(
      repository.publish({ ...publication, signer, sources: [{ ...offered, source }] }, quietSession()),
      'SOURCE_MALFORMED',
      /is no place for it/,
    )
  })
})
