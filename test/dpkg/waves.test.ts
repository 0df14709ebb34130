import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import {
  emptyRoot,
  planWaves,
  RootMerge,
  readPackageFacts,
  readPackageStates,
  type UnpackedChanges,
} from '../../src/dpkg/index.ts'
import { type DebDefinition, unpackedDeb } from '../support/unpacked-deb.ts'
import { nowSeconds } from './scene.ts'

type Definitions = Readonly<Record<string, DebDefinition>>

function facts(definitions: Definitions) {
  return Object.entries(definitions).map(([name, definition]) => readPackageFacts(unpackedDeb(name, definition)))
}

function waves(definitions: Definitions): readonly (readonly string[])[] {
  return planWaves(facts(definitions), 'amd64').map(({ packages }) => packages.map(each => each.name))
}

const preinst = { control: { preinst: '#!/bin/sh\n' } } as const

describe('waves of configuring', () => {
  test('begin with the essential packages and all that they depend on, base-passwd before base-files', () => {
    const planned = waves({
      'base-files': { essential: true },
      'base-passwd': { essential: true, fields: { Depends: 'libc6' } },
      libc6: {},
      nginx: { fields: { Depends: 'libc6' } },
    })
    assert.deepEqual(planned, [['libc6', 'base-passwd', 'base-files'], ['nginx']])
  })

  test('keep a package with a preinst back until what it pre-depends on is configured, with all that this needs', () => {
    const planned = waves({
      'base-files': { essential: true },
      server: { ...preinst, fields: { 'Pre-Depends': 'users' } },
      users: { fields: { Depends: 'tool' } },
      tool: {},
    })
    assert.deepEqual(planned, [['base-files'], ['tool', 'users'], ['server']])
  })

  test('do not wait for a Pre-Depends where there is no preinst that could count on it', () => {
    const planned = waves({
      'base-files': { essential: true },
      server: { fields: { 'Pre-Depends': 'users' } },
      users: {},
      application: { fields: { Depends: 'server' } },
    })
    assert.deepEqual(planned, [['base-files'], ['users', 'server'], ['application']])
  })

  test('end with packages on which no other depends, one by one in the order that they would have had', () => {
    const planned = waves({
      'base-files': { essential: true },
      apt: { ...preinst, fields: { 'Pre-Depends': 'users' } },
      users: {},
      zoo: { fields: { Depends: 'animals' } },
      animals: {},
      bees: { fields: { Depends: 'bees' } },
    })
    assert.deepEqual(planned, [['base-files'], ['animals', 'users'], ['bees'], ['zoo'], ['apt']])
  })

  test('give waves of their own to eight such packages, and one to all before', () => {
    const names = Array.from({ length: 12 }, (_, at) => `leaf-${at + 10}`)
    const planned = waves({ 'base-files': { essential: true }, ...Object.fromEntries(names.map(name => [name, {}])) })
    assert.deepEqual(planned.slice(1), [names.slice(0, 4), ...names.slice(4).map(name => [name])])
  })

  test('end also where packages depend on each other in a circle through a Pre-Depends', () => {
    const planned = waves({
      'base-files': { essential: true },
      one: { ...preinst, fields: { 'Pre-Depends': 'two' } },
      two: { fields: { Depends: 'one' } },
    })
    assert.deepEqual(planned.flat().sort(), ['base-files', 'one', 'two'])
  })

  test('are the same whatever the order of the packages', () => {
    const definitions: Definitions = {
      'base-files': { essential: true },
      a: { ...preinst, fields: { 'Pre-Depends': 'c' } },
      b: { fields: { Depends: 'a' } },
      c: {},
    }
    const backwards = Object.fromEntries(Object.entries(definitions).reverse())
    assert.deepEqual(waves(backwards), waves(definitions))
  })
})

describe('a later wave', () => {
  const request = {
    debs: [],
    mergedUsr: { kind: 'unmerged' },
    nativeArchitecture: 'amd64',
    foreignArchitectures: [],
    excludePaths: [],
    configure: 'scripts',
    modifiedSeconds: nowSeconds,
  } as const
  test('goes where a diversion of another package leads, and its list keeps the name', () => {
    const merge = new RootMerge(request)
    const [tool] = facts({ tool: { files: { 'usr/tool': 'theirs' } } })
    assert.ok(tool !== undefined)
    const diversions = new Map([['usr/tool', { to: 'usr/tool.real', byPackage: 'wrapper' }]])
    const { entries } = merge.unpack([tool], 'new', {
      ...emptyRoot,
      redirections: { diversions, statOverrides: new Map() },
    })
    assert.ok(entries.has('usr/tool.real'))
    assert.ok(!entries.has('usr/tool'))
    assert.ok(merge.installed[0]?.files.has('usr/tool'))
  })

  test('puts conffiles beside their places, and both where scripts read them before they are configured', () => {
    for (const [placement, places] of [
      ['new', ['etc/tool.conf.dpkg-new']],
      ['both', ['etc/tool.conf', 'etc/tool.conf.dpkg-new']],
    ] as const) {
      const merge = new RootMerge(request)
      const [tool] = facts({ tool: { files: { 'etc/tool.conf': 'x' }, control: { conffiles: '/etc/tool.conf\n' } } })
      assert.ok(tool !== undefined)
      const { entries } = merge.unpack([tool], placement, emptyRoot)
      assert.deepEqual(
        [...entries.keys()].filter(path => path.startsWith('etc/tool.conf')),
        places,
      )
    }
  })

  test('activates the file triggers of packages that are configured already, not of those that wait as well', () => {
    const interest = { control: { triggers: 'interest-noawait /usr/share/man\n' } }
    const merge = new RootMerge(request)
    const [manDb, page, mandoc] = facts({
      'man-db': interest,
      page: { files: { 'usr/share/man/man1/x.1': 'x' } },
      mandoc: { control: { triggers: 'interest-noawait /usr/share/man/man1\n' } },
    })
    assert.ok(manDb !== undefined && page !== undefined && mandoc !== undefined)
    const first = merge.unpack([manDb], 'both', emptyRoot)
    assert.equal(textAt(first, 'var/lib/dpkg/triggers/Unincorp'), '')
    const second = merge.unpack([mandoc, page], 'new', { ...emptyRoot, status: '', pendingTriggers: '' })
    assert.equal(textAt(second, 'var/lib/dpkg/triggers/Unincorp'), '/usr/share/man -\n')
  })

  test('keeps what dpkg wrote of the earlier packages in its status file', () => {
    const merge = new RootMerge(request)
    const [one, two] = facts({ one: {}, two: {} })
    assert.ok(one !== undefined && two !== undefined)
    merge.unpack([one], 'both', emptyRoot)
    const status = 'Package: one\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n'
    const changes = merge.unpack([two], 'new', { ...emptyRoot, status, pendingTriggers: '' })
    assert.deepEqual(readPackageStates(textAt(changes, 'var/lib/dpkg/status')), [
      { name: 'one', state: 'installed', triggers: 'none' },
      { name: 'two', state: 'unpacked', triggers: 'none' },
    ])
  })
})

function textAt({ entries, generated }: UnpackedChanges, path: string): string {
  const entry = entries.get(path)
  assert.ok(entry?.kind === 'file', `${path} was not written`)
  return Buffer.from(generated.get(entry.content.sha256) ?? assert.fail()).toString('latin1')
}
