import assert from 'node:assert/strict'
import { describe, it, test } from 'vitest'
import {
  describePackage,
  isPackageName,
  parseBinaryRebuild,
  parseSourceReference,
  poolPathProblem,
} from '../../src/debian/index.ts'
import { isFault } from '../../src/kernel/index.ts'

const names = [
  ['bash', true, 'a plain name'],
  ['libstdc++6', true, 'plus signs'],
  ['0ad', true, 'a digit first'],
  ['r', true, 'one character: dpkg accepts it'],
  ['Foo_Bar', true, 'third-party archives use capitals and underscores'],
  ['', false, 'empty'],
  ['-bash', false, 'a sign first'],
  ['.bash', false, 'a dot first'],
  ['..', false, 'a path part'],
  ['a/b', false, 'a slash'],
  ['a b', false, 'a blank'],
  ['a:any', false, 'a qualifier is not part of the name'],
  ['bäsh', false, 'a letter beyond ASCII'],
  ['bash\n', false, 'a line break'],
] as const

describe('a package name', () => {
  for (const [text, expected, why] of names) {
    test(`${JSON.stringify(text)} ${expected ? 'is one' : 'is none'}: ${why}`, () => {
      assert.equal(isPackageName(text), expected)
    })
  }
})

const rebuilds = [
  ['1.2-3+b1', { sourceVersion: '1.2-3', rebuild: '1' }, 'the first rebuild'],
  ['1.2-3+b12', { sourceVersion: '1.2-3', rebuild: '12' }, 'the twelfth'],
  ['1.2+b1', { sourceVersion: '1.2', rebuild: '1' }, 'of a native package'],
  ['1.2-3+deb12u1+b2', { sourceVersion: '1.2-3+deb12u1', rebuild: '2' }, 'of a stable update'],
  ['1.2-3+deb12u1', undefined, 'a stable update is a source upload'],
  ['1.2-3~bpo12+1', undefined, 'a backport too'],
  ['1.2-3+build1', undefined, 'another suffix that begins with b'],
  ['1.2-3+b', undefined, 'no number'],
  ['1.2-3+b1~x', undefined, 'something after it'],
  ['+b1', undefined, 'nothing before it'],
] as const

describe('the suffix of a binary-only rebuild', () => {
  for (const [version, expected, why] of rebuilds) {
    test(`${version}: ${why}`, () => assert.deepEqual(parseBinaryRebuild(version), expected))
  }
})

describe('the Source field', () => {
  const binary = { name: 'libc6', version: '2.36-9+b1' }

  const readable = [
    [undefined, 'libc6', '2.36-9+b1', 'absent: the source has the name and version of the package'],
    ['glibc', 'glibc', '2.36-9+b1', 'a name: the version of the package'],
    ['glibc (2.36-9)', 'glibc', '2.36-9', 'a name and a version'],
    ['glibc(2.36-9)', 'glibc', '2.36-9', 'without a blank'],
  ] as const
  for (const [field, name, version, why] of readable) {
    test(`${field}: ${why}`, () => assert.deepEqual(parseSourceReference(field, binary), { name, version }))
  }

  for (const field of [
    'glibc 2.36',
    'glibc ()',
    'glibc (1',
    'a/b',
    'glibc (1/2)',
    'glibc (1) x',
    `a${' '.repeat(50_000)}x`,
  ]) {
    test(`${JSON.stringify(field.slice(0, 30))} is refused`, () => {
      assert.throws(
        () => parseSourceReference(field, binary),
        error => isFault(error, 'RELATION_MALFORMED'),
      )
    })
  }
})

const paths = [
  ['pool/main/b/bash/bash_5.2-1_amd64.deb', true, 'as Debian lays it out'],
  ['foo.deb', true, 'in the archive’s own folder'],
  ['pool/g++_1%3a2_amd64.deb', true, 'an encoded colon of an epoch'],
  ['pool/a..b/c.deb', true, 'two dots inside a name'],
  ['', false, 'empty'],
  ['/etc/passwd', false, 'absolute'],
  ['../x.deb', false, 'out of the archive'],
  ['pool/../../x.deb', false, 'out of the archive, later'],
  ['pool/..', false, 'at the end'],
  ['./x.deb', false, 'a dot part: the reader of an index takes a leading one away before it asks'],
  ['pool/%2e%2E/x.deb', false, 'encoded dots: URL parsers follow them'],
  ['pool/.%2e/x.deb', false, 'half encoded dots'],
  ['pool//x.deb', false, 'an empty part'],
  ['pool/', false, 'a folder'],
  ['pool\\x.deb', false, 'a backslash: some URL parsers take it for a slash'],
  ['http://mirror.example.org/x.deb', false, 'another place'],
  ['file:///etc/passwd', false, 'this host'],
  ['pool/x\n.deb', false, 'a line break'],
  ['pool/x\u0000.deb', false, 'NUL'],
  ['pool/ü.deb', false, 'a letter beyond ASCII'],
  [`pool/${'a'.repeat(5000)}`, false, 'longer than any file system allows'],
] as const

describe('a path below an archive', () => {
  for (const [path, expected, why] of paths) {
    test(`${JSON.stringify(path.slice(0, 40))} ${expected ? 'passes' : 'is refused'}: ${why}`, () => {
      assert.equal(poolPathProblem(path) === undefined, expected)
    })
  }
})

it('a package is named by name, architecture and version', () => {
  assert.equal(describePackage({ name: 'libc6', version: '2.36-9', architecture: 'amd64' }), 'libc6:amd64=2.36-9')
})
