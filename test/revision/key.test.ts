import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { readRevisionKey } from '../../src/revision/index.ts'
import { assertFault } from '../support/assert-fault.ts'

const key = { package: 'hello', version: '2.10-3', architecture: 'amd64', checksum: 'a'.repeat(64) }

describe('the key of a revision', () => {
  it('is a source package, a version, an architecture and a sha256', () => {
    assert.deepEqual(readRevisionKey(key), key)
    assert.equal(readRevisionKey({ ...key, architecture: 'all' }).architecture, 'all')
  })

  const refused: readonly [unknown, RegExp][] = [
    [undefined, /the key is a undefined/],
    [null, /null/],
    [[key], /a list/],
    ['hello', /a string/],
    [{ ...key, package: undefined }, /package: is missing/],
    [{ ...key, package: 7 }, /package: is a number/],
    [{ ...key, package: null }, /package: is null/],
    [{ ...key, package: ['hello'] }, /package: is a object/],
    [{ ...key, package: "x'; DROP TABLE revisions; --" }, /package: .* is no name/],
    [{ ...key, package: '../hello' }, /package/],
    [{ ...key, package: 'h'.repeat(201) }, /201 characters/],
    [{ ...key, version: '' }, /version: .* it is empty/],
    [{ ...key, version: '1.0\n' }, /version/],
    [{ ...key, version: 'x:1' }, /epoch/],
    [{ ...key, architecture: 'x86_64' }, /its name is amd64/],
    [{ ...key, architecture: 'any' }, /architecture/],
    [{ ...key, checksum: 'A'.repeat(64) }, /64 lower-case/],
    [{ ...key, checksum: 'a'.repeat(63) }, /64 lower-case/],
    [{ ...key, revision: '4' }, /"revision": is no field/],
    [JSON.parse(JSON.stringify(key).replace('{', '{"__proto__":{},')), /"__proto__"/],
  ]
  for (const [value, why] of refused)
    it(`is not ${(JSON.stringify(value) ?? 'nothing').slice(0, 70)}`, () =>
      assertFault(() => readRevisionKey(value), 'REVISION_KEY_INVALID', why))
})
