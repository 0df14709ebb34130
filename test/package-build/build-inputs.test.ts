import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import {
  type BuildDescription,
  type BuildInput,
  buildInputs,
  buildKey,
  compareInputs,
  summariseInputs,
} from '../../src/package-build/index.ts'

const source = (name: string, value: string): BuildInput => ({ kind: 'source', name, value })
const deb = (name: string, value: string): BuildInput => ({ kind: 'deb', name, value })

const hello: BuildDescription = {
  packageName: 'hello',
  version: '1.0-1',
  architecture: 'amd64',
  sourceDateEpochSeconds: 1_700_000_000,
  command: ['dpkg-buildpackage', '-us', '-uc', '-b'],
  environment: new Map([['DEB_BUILD_OPTIONS', 'nocheck']]),
  outputs: ['*.deb'],
  sources: [source('hello.c', 'file 644 a'), source('debian/rules', 'file 755 b')],
  root: [deb('gcc:amd64', '12 c'), { kind: 'root', name: 'image', value: 'd' }],
}
const keyOf = (changes: Partial<BuildDescription>) => buildKey(buildInputs({ ...hello, ...changes }))

describe('the key of a build', () => {
  test('does not depend on the order in which inputs were found', () => {
    assert.equal(keyOf({ sources: hello.sources.toReversed(), root: hello.root.toReversed() }), keyOf({}))
  })

  const changes: readonly (readonly [string, Partial<BuildDescription>])[] = [
    ['one byte of a source', { sources: [source('hello.c', 'file 644 x'), source('debian/rules', 'file 755 b')] }],
    ['the mode of a source', { sources: [source('hello.c', 'file 755 a'), source('debian/rules', 'file 755 b')] }],
    ['the name of a source', { sources: [source('hallo.c', 'file 644 a'), source('debian/rules', 'file 755 b')] }],
    ['a source more', { sources: [...hello.sources, source('x', 'file 644 a')] }],
    ['a deb of the build root', { root: [deb('gcc:amd64', '12 x'), ...hello.root.slice(1)] }],
    [
      'the image section of the build root',
      { root: [hello.root[0] ?? deb('', ''), { kind: 'root', name: 'image', value: 'x' }] },
    ],
    ['the command', { command: ['dpkg-buildpackage', '-us', '-uc', '-B'] }],
    ['words of the command that were joined', { command: ['dpkg-buildpackage', '-us -uc', '-b'] }],
    ['a variable', { environment: new Map([['DEB_BUILD_OPTIONS', 'noopt']]) }],
    ['the architecture', { architecture: 'arm64' }],
    ['the time', { sourceDateEpochSeconds: 1_700_000_001 }],
    ['the version of the sources', { version: '1.0-2' }],
    ['what is taken out', { outputs: ['*.deb', '*.changes'] }],
  ]
  for (const [what, change] of changes)
    test(`is another one with ${what}`, () => assert.notEqual(keyOf(change), keyOf({})))

  test('cannot be made by a name that holds a line break', () => {
    const [two, one] = [
      [source('a', 'file 644 x'), source('b', 'file 644 y')],
      [source('a","file 644 x"]\n["source","b', 'file 644 y')],
    ]
    assert.notEqual(keyOf({ sources: two }), keyOf({ sources: one }))
  })
})

describe('what changed since the last build', () => {
  test('is told by name, kind by kind', () => {
    const after = buildInputs({
      ...hello,
      environment: new Map(),
      sources: [source('hello.c', 'file 644 x'), source('new.c', 'file 644 z')],
      root: [deb('gcc:amd64', '13 e'), ...hello.root.slice(1)],
    })
    assert.deepEqual(
      compareInputs(buildInputs(hello), after).map(each => `${each.kind} ${each.name} ${each.change}`),
      [
        'environment DEB_BUILD_OPTIONS removed',
        'deb gcc:amd64 changed',
        'source debian/rules removed',
        'source hello.c changed',
        'source new.c added',
      ],
    )
  })

  test('is nothing between a list and itself', () =>
    assert.deepEqual(compareInputs(buildInputs(hello), buildInputs(hello)), []))

  test('is summarised by kind', () => {
    const sources = summariseInputs(buildInputs(hello)).find(each => each.kind === 'source')
    assert.equal(sources?.count, 2)
  })
})
