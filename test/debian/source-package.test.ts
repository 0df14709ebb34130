import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { readSourcePackage, sourceKey } from '../../src/debian/index.ts'
import { assertFault } from '../support/assert-fault.ts'

const digest = 'a'.repeat(64)

function read(changes: Readonly<Record<string, string>> = {}) {
  const fields = {
    Package: 'nginx',
    Version: '1.22.1-9+deb12u4',
    Directory: 'pool/main/n/nginx',
    'Checksums-Sha256': `\n ${digest} 3000 nginx_1.22.1-9+deb12u4.dsc\n ${digest} 1073948 nginx_1.22.1.orig.tar.gz`,
    ...changes,
  }
  const text = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`)
  return readSourcePackage(new TextEncoder().encode(text.join('')), 'Sources')
}

describe('a stanza of Sources', () => {
  it('names the files of a source, their sizes and digests', () => {
    const source = read()
    assert.equal(sourceKey(source), 'nginx_1.22.1-9+deb12u4')
    assert.deepEqual(source.files[1], { name: 'nginx_1.22.1.orig.tar.gz', sizeBytes: 1073948, sha256: digest })
  })

  it('may lie in the folder of the archive itself', () => {
    assert.equal(read({ Directory: '.' }).directory, '')
  })

  it.each([
    [{ Package: '../x' }, /is no name of a source/],
    [{ Version: '1 2' }, /is no version/],
    [{ Directory: '../../etc' }, /it has the part "\.\."/],
    [{ 'Checksums-Sha256': '' }, /lists no file/],
    [{ 'Checksums-Sha256': `\n ${digest} 3000 a/b.dsc` }, /its name has a slash/],
    [{ 'Checksums-Sha256': `\n ${digest} -3 b.dsc` }, /names no file of a source/],
    [{ 'Checksums-Sha256': `\n abc 3 b.dsc` }, /names no file of a source/],
  ])('is refused with %j', async (changes, message) => {
    await assertFault(
      Promise.resolve().then(() => read(changes)),
      'INDEX_MALFORMED',
      message,
    )
  })
})
