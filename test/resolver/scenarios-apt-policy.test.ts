import { describe } from 'vitest'
import { checkScenarios } from '../support/ported-scenario.ts'
import { pin } from '../support/universe.ts'

const wine = { native: 'amd64', foreign: ['i386'] } as const
const same = { multiArch: 'same' } as const
const backports = { releases: { backports: { notAutomatic: true, butAutomaticUpgrades: true } } }
const experimental = { releases: { experimental: { notAutomatic: true } } }

describe('several architectures, as apt meets them,', () => {
  checkScenarios([
    {
      says: 'implicit Conflicts between architectures are of real packages only',
      debs: { 'a:amd64 1': { provides: 'v' }, 'a-static:i386 1': { provides: 'a' } },
      wanted: ['a', 'a-static:i386'],
      gives: ['a:amd64 1', 'a-static:i386 1'],
      surroundings: wine,
    },
    {
      says: 'a library at two versions is not for two architectures',
      debs: {
        'app:amd64 1': { depends: 'lib (>= 2)' },
        'app32:i386 1': { depends: 'lib' },
        'lib:amd64 2': same,
        'lib:i386 1': same,
      },
      wanted: ['app', 'app32:i386'],
      gives: /lib:(?:amd64|i386)/,
      surroundings: wine,
    },
    {
      says: 'a foreign package that depends on a Multi-Arch: foreign tool takes the native one',
      debs: {
        'app32:i386 1': { depends: 'tool' },
        'tool:amd64 1': { multiArch: 'foreign' },
        'tool:i386 1': { multiArch: 'foreign' },
      },
      wanted: ['app32:i386'],
      gives: ['app32:i386 1', 'tool:amd64 1'],
      surroundings: wine,
    },
    {
      says: 'an interpreter is shared by :any, and its modules are not',
      debs: {
        'app32:i386 1': { depends: 'python3:any, python3-lib' },
        'python3:amd64 3': { multiArch: 'allowed' },
        'python3:i386 3': { multiArch: 'allowed' },
        'python3-lib:i386 3': {},
        'python3-lib:amd64 3': {},
      },
      wanted: ['app32:i386'],
      gives: ['app32:i386 1', 'python3:amd64 3', 'python3-lib:i386 3'],
      surroundings: wine,
    },
    {
      says: 'data of architecture all without Multi-Arch does not serve a foreign package',
      debs: { 'game:i386 1': { depends: 'game-data' }, 'game-data 1': {} },
      wanted: ['game:i386'],
      gives: /needs game-data/,
      surroundings: wine,
    },
    {
      says: 'data of architecture all that became Multi-Arch: foreign later does',
      debs: { 'game:i386 1': { depends: 'game-data' }, 'game-data 1': {}, 'game-data 2': { multiArch: 'foreign' } },
      wanted: ['game:i386'],
      gives: ['game:i386 1', 'game-data 2'],
      surroundings: wine,
    },
    {
      says: 'a package that left one architecture for all is one package',
      debs: { 'doc:amd64 1': {}, 'doc 2': {} },
      wanted: ['doc'],
      gives: ['doc 2'],
      surroundings: wine,
    },
    {
      says: 'versions of one package on two architectures cannot be mixed to satisfy both halves',
      debs: {
        'app:amd64 1': { depends: 'tool, helper32:i386' },
        'helper32:i386 1': { depends: 'tool:i386' },
        'tool:amd64 1': {},
        'tool:i386 1': {},
      },
      wanted: ['app'],
      gives: /tool/,
      surroundings: wine,
    },
  ])
})

describe('pins and suites, as apt meets them,', () => {
  checkScenarios([
    {
      says: 'a package of backports is taken where it was wanted from there, its dependencies only where they must',
      debs: {
        'app 1': {},
        'app 2': { suites: ['backports'], depends: 'lib (>= 2), tool' },
        'lib 1': {},
        'lib 2': { suites: ['backports'] },
        'tool 1': {},
        'tool 2': { suites: ['backports'] },
      },
      wanted: ['app/backports'],
      gives: ['app 2', 'lib 2', 'tool 1'],
      surroundings: backports,
    },
    {
      says: 'a pin on backports does not pull an older half of a pair in: libc6-dev follows the libc6 that is chosen',
      debs: {
        'libc6 2.36': {},
        'libc6 2.36+u1': { suites: ['security'] },
        'libc6-dev 2.36': { depends: 'libc6 (= 2.36)', source: 'libc6' },
        'libc6-dev 2.36+u1': { suites: ['security'], depends: 'libc6 (= 2.36+u1)', source: 'libc6 (2.36+u1)' },
        'app 2': { suites: ['backports'], depends: 'libc6-dev' },
      },
      wanted: ['app', 'libc6'],
      gives: ['app 2', 'libc6 2.36+u1', 'libc6-dev 2.36+u1'],
      surroundings: backports,
      details: { pins: [pin({ package: '*', release: { a: 'backports' }, priority: 990 })] },
    },
    {
      says: 'what only experimental has is taken from there',
      debs: { 'app 1': { depends: 'newcomer' }, 'newcomer 0': { suites: ['experimental'] } },
      wanted: ['app'],
      gives: ['app 1', 'newcomer 0'],
      surroundings: experimental,
    },
    {
      says: 'experimental is not turned to for a version that nothing needs',
      debs: { 'app 1': { depends: 'lib' }, 'lib 1': {}, 'lib 2': { suites: ['experimental'] } },
      wanted: ['app'],
      gives: ['app 1', 'lib 1'],
      surroundings: experimental,
    },
    {
      says: 'an archive with a negative priority offers nothing, not even what only it has',
      debs: { 'app 1': { depends: 'extra' }, 'extra 1': { suites: ['vendor'] } },
      wanted: ['app'],
      gives: /forbidden by a pin/,
      details: { pins: [pin({ package: '*', release: { a: 'vendor' }, priority: -1 })] },
    },
    {
      says: 'an archive with a negative priority may be opened for one package',
      debs: { 'app 1': {}, 'app 2': { suites: ['vendor'] }, 'lib 1': {}, 'lib 2': { suites: ['vendor'] } },
      wanted: ['app', 'lib'],
      gives: ['app 2', 'lib 1'],
      details: {
        pins: [
          pin({ package: 'app', release: { a: 'vendor' }, priority: 500 }),
          pin({ package: '*', release: { a: 'vendor' }, priority: -1 }),
        ],
      },
    },
    {
      says: 'a pin above 1000 prefers an older version',
      debs: { 'app 1': {}, 'app 2': {} },
      wanted: ['app'],
      gives: ['app 1'],
      details: { pins: [pin({ package: 'app', version: '1', priority: 1001 })] },
    },
    {
      says: 'a pin of a regular expression reaches what it matches only',
      debs: { 'php8-cli 1': {}, 'php8-cli 2': {}, 'php7-cli 1': {}, 'php7-cli 2': {} },
      wanted: ['php7-cli', 'php8-cli'],
      gives: ['php7-cli 2', 'php8-cli 1'],
      details: { pins: [pin({ package: '/^php8/', version: '1' })] },
    },
    {
      says: 'a pin of one architecture leaves the other alone',
      debs: { 'tool:amd64 2': {}, 'tool:amd64 1': {}, 'helper:i386 2': {}, 'helper:i386 1': {} },
      wanted: ['helper:i386', 'tool'],
      gives: ['helper:i386 1', 'tool:amd64 2'],
      surroundings: wine,
      details: { pins: [pin({ package: '*e*:i386 tool:i386', version: '1' })] },
    },
    {
      says: 'a version that is wanted exactly is stronger than a pin',
      debs: { 'app 1': {}, 'app 2': {}, 'app 3': {} },
      wanted: ['app=2'],
      gives: ['app 2'],
      details: { pins: [pin({ package: 'app', version: '3', priority: 1001 })] },
    },
  ])
})
