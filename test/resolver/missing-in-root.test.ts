import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { archive, explain, type Stanzas } from '../support/universe.ts'

/** The explanation for arm64 of a manifest whose other roots are given. */
function explainForArm(stanzas: Stanzas, wanted: readonly string[], others: readonly string[] = ['amd64']) {
  const otherRoots = others.map(native => archive(stanzas, { native }))
  return explain(archive(stanzas, { native: 'arm64' }), wanted, { otherRoots })
}

describe('a wanted package that one of several architectures does not have', () => {
  it('is named with the architecture, and the line to write instead', async () => {
    const stanzas = { 'grub-pc-bin:amd64 2.06': {}, 'nginx 1': {} }
    const { lines, hint } = await explainForArm(stanzas, ['grub-pc-bin', 'nginx'])
    assert.deepEqual(lines, [
      '1. the manifest wants grub-pc-bin, but no archive has a package grub-pc-bin for arm64, only for amd64',
    ])
    assert.equal(
      hint,
      'Want it elsewhere only: write `"grub-pc-bin [amd64]"` in `packages` (checked: then there is a solution)',
    )
  })

  it('is restricted to every other architecture that has it', async () => {
    const stanzas = { 'a:riscv64 1': {}, 'a:amd64 1': {}, 'b 1': {} }
    const { hint } = await explainForArm(stanzas, ['a', 'b'], ['riscv64', 'i386', 'amd64'])
    assert.match(hint, /write `"a \[amd64 riscv64\]"`/)
  })

  it('keeps its version, suite and alternatives', async () => {
    const stanzas = { 'a:amd64 2': {}, 'b:amd64 1': {}, 'c 1': {} }
    assert.match((await explainForArm(stanzas, ['a=2', 'c'])).hint, /write `"a=2 \[amd64\]"`/)
    assert.match((await explainForArm(stanzas, ['a/stable', 'c'])).hint, /write `"a\/stable \[amd64\]"`/)
    assert.match((await explainForArm(stanzas, ['a (>= 2)', 'c'])).hint, /write `"a \(>= 2\) \[amd64\]"`/)
    assert.match((await explainForArm(stanzas, ['a | b', 'c'])).hint, /write `"a \[amd64\] \| b \[amd64\]"`/)
  })

  it('is not all that has to change when another wanted package is broken as well', async () => {
    const stanzas = { 'a:amd64 1': {}, 'b 1': { depends: 'gone' } }
    const { hint } = await explainForArm(stanzas, ['a', 'b'])
    assert.match(hint, /^Add an archive or suite that has a; or /)
  })

  it('is not restricted when no root has it', async () => {
    const { lines, hint } = await explainForArm({ 'b 1': {} }, ['a', 'b'])
    assert.match(lines[0] ?? '', /no archive has a package a$/)
    assert.doesNotMatch(hint, /\[/)
  })

  it('is not restricted to the architecture that lacks it: a root with i386 beside may have it', async () => {
    const stanzas = { 'wine32:i386 8': {}, 'b 1': {} }
    const otherRoots = [archive(stanzas, { native: 'amd64', foreign: ['i386'] })]
    const { hint } = await explain(archive(stanzas, { native: 'amd64' }), ['b', 'wine32'], { otherRoots })
    assert.doesNotMatch(hint, /\[amd64\]/)
  })
})

describe('a wanted package of an architecture that the root does not have', () => {
  const stanzas = {
    'wine32:i386 8': { depends: 'libc6' },
    'libc6:i386 2': {},
    'odd:i386 1': { depends: 'gone' },
    'b:amd64 1': {},
  }
  const wider = new Map([['i386', archive(stanzas, { native: 'amd64', foreign: ['i386'] })]])
  const explained = (...wanted: readonly string[]) =>
    explain(archive({ 'b:amd64 1': {} }, { native: 'amd64' }), wanted, { wider })

  it('is had by adding that architecture to the root', async () => {
    const { hint, changes } = await explained('b', 'wine32:i386')
    assert.equal(
      hint,
      'Add the foreign architecture: write `amd64+i386` instead of `amd64` in `architectures` (checked: then there is a solution)',
    )
    assert.deepEqual(changes, [{ kind: 'add-architecture', root: 'amd64', by: 'amd64+i386' }])
  })

  it('is not had by it where it cannot be installed there either', async () => {
    assert.doesNotMatch((await explained('b', 'odd:i386')).hint, /foreign/)
    assert.doesNotMatch((await explained('b', 'gone:i386')).hint, /foreign/)
  })
})
