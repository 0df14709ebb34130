import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import type { BinaryPackage, PackageUniverse } from '../../src/debian/index.ts'
import { buildLockfile, type Lockfile, type ResolvedRoot, writeLockfile } from '../../src/lockfile/index.ts'
import { requestWith } from '../support/lock-values.ts'
import { archive } from '../support/universe.ts'

function only(universe: PackageUniverse, name: string, architecture?: string): BinaryPackage {
  const found = universe
    .packagesNamed(name)
    .find(deb => architecture === undefined || deb.architecture === architecture)
  assert.ok(found)
  return found
}

function lockOf(
  roots: readonly ResolvedRoot[],
  previous?: Lockfile,
  archives = ['debian stable main', 'debian security main'],
): Lockfile {
  const request = requestWith({ architectures: roots.map(root => root.architecture), archives })
  return buildLockfile({ request, keys: new Map([['debian', ['A'.repeat(40)]]]), roots, previous })
}

describe('a lock of resolved packages', () => {
  const bothSuites = archive({ 'bash:amd64 5.2': { suites: ['stable', 'security'] } })
  const stableOnly = archive({ 'bash:amd64 5.2': { suites: ['stable'] } })
  const lockBash = (universe: PackageUniverse, previous?: Lockfile, archives?: string[]): Lockfile =>
    lockOf(
      [{ architecture: 'amd64', packages: [{ package: only(universe, 'bash'), root: 'wanted', needs: [] }] }],
      previous,
      archives,
    )

  test('takes bytes that two suites list from the byte-smallest of them', () => {
    assert.match(lockBash(bothSuites).debs[0]?.from ?? '', /^debian\/security\//)
  })

  test('compares archives by name before suites: debian comes before debian-security', () => {
    const both = archive({ 'bash:amd64 5.2': { suites: ['debian-security/stable-security', 'debian/stable'] } })
    assert.match(lockBash(both).debs[0]?.from ?? '', /^debian\/stable\//)
  })

  test('leaves origin and date as first locked while the bytes stay, even when another suite has them as well', () => {
    const first = lockBash(stableOnly)
    assert.match(first.debs[0]?.from ?? '', /^debian\/stable\//)
    assert.equal(writeLockfile(lockBash(bothSuites, first)), writeLockfile(first))
  })

  test('takes a new origin when the request no longer has the old suite', () => {
    const moved = lockBash(bothSuites, lockBash(stableOnly), ['debian security main'])
    assert.match(moved.debs[0]?.from ?? '', /^debian\/security\//)
  })

  test('writes a deb of architecture all once for all roots, with the needs of each', () => {
    const universe = archive({ 'tool 1': {}, 'libx:amd64 1': {}, 'liby:amd64 1': {} })
    const arm = archive({ 'libx:arm64 1': {} }, { native: 'arm64' })
    const lock = lockOf([
      {
        architecture: 'amd64',
        packages: [
          { package: only(universe, 'tool'), root: 'wanted', needs: [only(universe, 'liby')] },
          { package: only(universe, 'liby'), root: undefined, needs: [] },
        ],
      },
      {
        architecture: 'arm64',
        packages: [
          { package: only(universe, 'tool'), root: 'wanted', needs: [only(arm, 'libx')] },
          { package: only(arm, 'libx'), root: undefined, needs: [] },
        ],
      },
    ])
    const tool = lock.debs.filter(deb => deb.name === 'tool')
    assert.equal(tool.length, 1)
    assert.deepEqual(tool[0]?.needs, ['libx', 'liby'])
    assert.equal(tool[0]?.roots, undefined)
  })

  test('says which roots hold a deb that not every one of them does', () => {
    const universe = archive({ 'tool 1': {}, 'other 1': {} })
    const lock = lockOf([
      { architecture: 'amd64', packages: [{ package: only(universe, 'tool'), root: 'wanted', needs: [] }] },
      { architecture: 'arm64', packages: [{ package: only(universe, 'other'), root: 'wanted', needs: [] }] },
    ])
    assert.deepEqual(
      lock.debs.map(deb => [deb.name, deb.roots]),
      [
        ['other', ['arm64']],
        ['tool', ['amd64']],
      ],
    )
  })

  test('qualifies a need where the root has two debs of that name', () => {
    const universe = archive(
      { 'libc6:amd64 1': { multiArch: 'same' }, 'libc6:i386 1': { multiArch: 'same' }, 'wine:amd64 1': {} },
      { foreign: ['i386'] },
    )
    const amd64 = only(universe, 'libc6', 'amd64')
    const i386 = only(universe, 'libc6', 'i386')
    const lock = lockOf([
      {
        architecture: 'amd64+i386',
        packages: [
          { package: amd64, root: undefined, needs: [] },
          { package: i386, root: undefined, needs: [] },
          { package: only(universe, 'wine'), root: 'wanted', needs: [i386, amd64] },
        ],
      },
    ])
    assert.deepEqual(lock.debs.find(deb => deb.name === 'wine')?.needs, ['libc6:amd64', 'libc6:i386'])
  })
})
