import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { orderOfUnpacking } from '../../src/dpkg/order-of-unpacking.ts'
import { readPackageFacts } from '../../src/dpkg/package-facts.ts'
import { type DebDefinition, unpackedDeb } from '../support/unpacked-deb.ts'

/** Names in the order of unpacking; `fields` by name. */
function order(
  packages: Readonly<Record<string, DebDefinition['fields'] & object>>,
  essential: readonly string[] = [],
) {
  const debs = Object.entries(packages).map(([name, fields]) =>
    unpackedDeb(name, { fields, essential: essential.includes(name) }),
  )
  return orderOfUnpacking(debs.map(readPackageFacts), 'amd64').map(each => each.deb.name)
}

describe('the order of unpacking', () => {
  test('begins with base-files and base-passwd, then the essential packages, each after what it needs', () => {
    const packages = {
      adduser: { Depends: 'passwd' },
      bash: { 'Pre-Depends': 'libc6' },
      'base-passwd': { Depends: 'libc6' },
      'base-files': { 'Pre-Depends': 'awk' },
      mawk: { 'Pre-Depends': 'libc6', Provides: 'awk' },
      libc6: {},
      passwd: { Depends: 'libc6' },
    }
    const essential = ['bash', 'base-files', 'base-passwd']
    assert.deepEqual(order(packages, essential), [
      'libc6',
      'mawk',
      'base-files',
      'base-passwd',
      'bash',
      'passwd',
      'adduser',
    ])
  })

  test('takes the first alternative that is there, and versions and provided versions into account', () => {
    const packages = {
      a: { Depends: 'absent | z | b' },
      b: { Depends: 'a' },
      c: { Depends: 'z (>= 2) | y (= 3)' },
      x: { Provides: 'y (= 3)' },
      z: {},
    }
    assert.deepEqual(order(packages), ['z', 'a', 'b', 'x', 'c'])
  })

  test('does not break a Pre-Depends to keep a Depends', () => {
    assert.deepEqual(order({ a: { Depends: 'b' }, b: { 'Pre-Depends': 'a' } }), ['a', 'b'])
    assert.deepEqual(order({ b: { Depends: 'a' }, a: { 'Pre-Depends': 'b' } }), ['b', 'a'])
  })

  test('opens a circle at the package that misses fewest, and those who need it come after it', () => {
    const packages = { a: { Depends: 'b, c' }, b: { Depends: 'c' }, c: { Depends: 'a' }, aa: { Depends: 'c' } }
    assert.deepEqual(order(packages), ['b', 'a', 'c', 'aa'])
  })

  test('is found for a chain longer than the stack is deep', () => {
    const packages = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, index) => [`p${index}`, { Depends: `p${index + 1}` }]),
    )
    assert.equal(order(packages)[0], 'p19999')
  })
})
