import assert from 'node:assert/strict'
import { describe, it, test } from 'vitest'
import {
  architectureTuple,
  checkArchitecture,
  coversArchitecture,
  isArchitectureWildcard,
  knownArchitectures,
  matchesArchitecture,
} from '../../src/debian/index.ts'
import { isFault } from '../../src/kernel/index.ts'

const coverings = [
  ['any', 'amd64', true, 'any is every architecture'],
  ['any', 'hurd-i386', true, 'of every system'],
  ['any', 'all', false, 'but not architecture-independent packages'],
  ['all', 'all', true, 'all is itself'],
  ['linux-any', 'amd64', true, 'amd64 is a Linux architecture without saying so'],
  ['linux-any', 'armhf', true, 'whatever the ABI'],
  ['linux-any', 'musl-linux-amd64', true, 'and whatever the C library'],
  ['linux-any', 'hurd-i386', false, 'the Hurd is no Linux'],
  ['hurd-any', 'hurd-amd64', true, 'it is the Hurd'],
  ['any-arm', 'armhf', true, 'armhf has the CPU arm'],
  ['any-arm', 'armel', true, 'armel has too'],
  ['any-arm', 'arm64', false, 'arm64 is another CPU'],
  ['any-amd64', 'x32', true, 'x32 is an ABI of amd64'],
  ['any-amd64', 'kfreebsd-amd64', true, 'another system on the same CPU'],
  ['any-i386', 'amd64', false, 'amd64 runs i386 code and is still not it'],
  ['musl-linux-any', 'musl-linux-arm64', true, 'a C library by name'],
  ['musl-linux-any', 'arm64', false, 'arm64 means glibc'],
  ['gnu-linux-any', 'amd64', true, 'amd64 means glibc'],
  ['gnu-any-any', 'hurd-i386', true, 'glibc on another system'],
  ['eabihf-any-any-arm', 'armhf', true, 'four parts begin with the ABI'],
  ['eabihf-any-any-arm', 'armel', false, 'armel has the other one'],
  ['linux-amd64', 'amd64', true, 'dpkg still reads the long form'],
  ['amd64', 'amd64', true, 'an architecture is itself'],
  ['amd64', 'arm64', false, 'and no other'],
  ['any', 'frobnicator', false, 'what nobody knows is covered by nothing'],
  ['a-b-c-d-any', 'amd64', false, 'five parts are no wildcard'],
] as const

describe('a wildcard', () => {
  for (const [wildcard, architecture, expected, why] of coverings) {
    test(`${wildcard} ${expected ? 'covers' : 'does not cover'} ${architecture}: ${why}`, () => {
      assert.equal(coversArchitecture(wildcard, architecture), expected)
    })
  }

  it('is recognised when it covers something', () => {
    assert.deepEqual(
      ['any', 'linux-any', 'any-arm', 'amd64', 'linux-frob', 'frob-any', 'all', ''].filter(isArchitectureWildcard),
      ['any', 'linux-any', 'any-arm', 'amd64'],
    )
  })
})

const restrictions = [
  [['amd64', 'arm64'], 'arm64', true, 'one of the list'],
  [['amd64', 'arm64'], 'i386', false, 'none of the list'],
  [['!armel'], 'amd64', true, 'only armel is kept out'],
  [['!armel', '!any-i386'], 'i386', false, 'a negated wildcard'],
  [['linux-any'], 'amd64', true, 'a wildcard'],
] as const

describe('a restriction list', () => {
  for (const [list, architecture, expected, why] of restrictions) {
    test(`[${list.join(' ')}] ${expected ? 'admits' : 'keeps out'} ${architecture}: ${why}`, () => {
      assert.equal(matchesArchitecture(list, architecture), expected)
    })
  }
})

describe('architectures', () => {
  it('are known with their tuple', () => {
    assert.deepEqual(architectureTuple('amd64'), ['base', 'gnu', 'linux', 'amd64'])
    assert.deepEqual(architectureTuple('armhf'), ['eabihf', 'gnu', 'linux', 'arm'])
    assert.deepEqual(architectureTuple('mips64el'), ['abi64', 'gnu', 'linux', 'mips64el'])
    assert.equal(architectureTuple('all'), undefined)
  })

  it('of all Debian releases since bullseye, and of Ubuntu, are known', () => {
    const released = 'amd64 arm64 armel armhf i386 loong64 mips64el mipsel ppc64el riscv64 s390x hurd-i386 hurd-amd64'
    for (const architecture of released.split(' ')) checkArchitecture(architecture)
    assert.ok(knownArchitectures().length > 400)
  })

  for (const [text, meant] of [
    ['x86_64', 'amd64'],
    ['aarch64', 'arm64'],
    ['AMD64', 'amd64'],
    ['ppc64le', 'ppc64el'],
    ['i686', 'i386'],
  ] as const) {
    test(`${text} is unknown, but the hint says ${meant}`, () => {
      assert.throws(
        () => checkArchitecture(text),
        error => isFault(error, 'ARCHITECTURE_UNKNOWN') && error.hint === `Write ${meant}.`,
      )
    })
  }

  for (const text of [
    'all',
    'any',
    'source',
    'linux-any',
    '',
    'frob',
    '../amd64',
    'amd64\n',
    '__proto__',
    'constructor',
  ]) {
    test(`${JSON.stringify(text)} is no architecture of a root`, () => {
      assert.throws(
        () => checkArchitecture(text),
        error => isFault(error, 'ARCHITECTURE_UNKNOWN') && error.exitCode === 2,
      )
    })
  }
})
