import { describe } from 'vitest'
import { checkScenarios } from '../support/ported-scenario.ts'

const follow = { recommends: { kind: 'follow' } } as const

/** Questions of apt's integration suite, asked again. */
describe('or-groups and virtual packages, as apt meets them,', () => {
  checkScenarios([
    {
      says: 'a group whose first alternative conflicts with what is wanted turns to the second',
      debs: { 'app 1': { depends: 'x | y' }, 'x 1': {}, 'y 1': {}, 'server 1': { conflicts: 'x' } },
      wanted: ['app', 'server'],
      gives: ['app 1', 'server 1', 'y 1'],
    },
    {
      says: 'a group that a wanted package answers brings nothing else',
      debs: { 'app 1': { depends: 'x | y' }, 'x 1': {}, 'y 1': {} },
      wanted: ['app', 'y'],
      gives: ['app 1', 'y 1'],
    },
    {
      says: 'a group with an unknown first name is no error',
      debs: { 'app 1': { depends: 'libfoo1t64 | libfoo1' }, 'libfoo1 1': {} },
      wanted: ['app'],
      gives: ['app 1', 'libfoo1 1'],
    },
    {
      says: 'a first alternative that is broken two steps further down is passed by',
      debs: {
        'app 1': { depends: 'x | y' },
        'x 1': { depends: 'x-data' },
        'x-data 1': { depends: 'gone' },
        'y 1': {},
      },
      wanted: ['app'],
      gives: ['app 1', 'y 1'],
    },
    {
      says: 'a transitional package leads to the one that replaced it',
      debs: {
        'old 2': { depends: 'new' },
        'old 1': {},
        'new 2': { breaks: 'old (<< 2)', replaces: 'old (<< 2)' },
      },
      wanted: ['old'],
      gives: ['new 2', 'old 2'],
    },
    {
      says: 'a virtual name with one provider may be wanted',
      debs: { 'postfix 1': { provides: 'mail-transport-agent' } },
      wanted: ['mail-transport-agent'],
      gives: ['postfix 1'],
    },
    {
      says: 'two groups that share a provider take it once',
      debs: {
        'app 1': { depends: 'awk, interpreter' },
        'gawk 1': { provides: 'awk' },
        'mawk 1': { provides: 'awk, interpreter' },
        'zawk 1': { provides: 'interpreter' },
      },
      wanted: ['app'],
      gives: ['app 1', 'gawk 1', 'mawk 1'],
    },
    {
      says: 'an essential provider comes before one of a higher Priority',
      debs: {
        'app 1': { depends: 'awk' },
        'aawk 1': { provides: 'awk', priority: 'required' },
        'mawk 1': { provides: 'awk', essential: true },
      },
      wanted: ['app'],
      gives: ['app 1', 'mawk 1'],
    },
    {
      says: 'an unversioned Provides answers no versioned relation',
      debs: { 'app 1': { depends: 'lib (>= 1)' }, 'fork 9': { provides: 'lib' } },
      wanted: ['app'],
      gives: /app 1 .* needs lib \(>= 1\)/,
    },
    {
      says: 'an unversioned Provides triggers no versioned Conflicts',
      debs: { 'app 1': { conflicts: 'lib (<< 5)' }, 'fork 1': { provides: 'lib' } },
      wanted: ['app', 'fork'],
      gives: ['app 1', 'fork 1'],
    },
    {
      says: 'a versioned Provides is compared, not the version of its package',
      debs: { 'app 1': { depends: 'lib (>= 5)' }, 'fork 1': { provides: 'lib (= 5)' } },
      wanted: ['app'],
      gives: ['app 1', 'fork 1'],
    },
    {
      says: 'perl-base stands in for the modules that it provides with versions',
      debs: {
        'app 1': { depends: 'libmodule-perl (>= 0.5) | perl (>= 9)' },
        'perl-base 5.36': { provides: 'libmodule-perl (= 0.7)' },
        'perl 5.36': {},
      },
      wanted: ['app'],
      gives: ['app 1', 'perl-base 5.36'],
    },
  ])
})

describe('Conflicts and Breaks, as apt meets them,', () => {
  checkScenarios([
    {
      says: 'a chain of Conflicts is followed to the end',
      debs: {
        'a 1': { depends: 'x1 | x2' },
        'b 1': { depends: 'y1 | y2' },
        'x1 1': { conflicts: 'y1' },
        'x2 1': {},
        'y1 1': {},
        'y2 1': { conflicts: 'x1' },
      },
      wanted: ['a', 'b'],
      gives: ['a 1', 'b 1', 'x2 1', 'y1 1'],
    },
    {
      says: 'Breaks of an older version does not reach the newer one',
      debs: { 'a 1': { breaks: 'b (<< 2)' }, 'b 1': {}, 'b 2': {} },
      wanted: ['a', 'b'],
      gives: ['a 1', 'b 2'],
    },
    {
      says: 'Breaks of every version that there is has no solution',
      debs: { 'a 1': { breaks: 'b (<< 3)' }, 'b 1': {}, 'b 2': {} },
      wanted: ['a', 'b'],
      gives: /breaks b \(<< 3\)/,
    },
    {
      says: 'a package that conflicts with its own former versions is installed',
      debs: { 'a 2': { conflicts: 'a (<< 2)', breaks: 'a (<< 1.5)' }, 'a 1': {} },
      wanted: ['a'],
      gives: ['a 2'],
    },
    {
      says: 'of mail servers that conflict with what they provide only one is installed',
      debs: {
        'app 1': { depends: 'mta' },
        'exim4 1': { provides: 'mta', conflicts: 'mta' },
        'postfix 1': { provides: 'mta', conflicts: 'mta' },
      },
      wanted: ['app', 'postfix'],
      gives: ['app 1', 'postfix 1'],
    },
    {
      says: 'a package on both sides of a cycle of Pre-Depends and Depends is installed',
      debs: { 'a 1': { preDepends: 'b' }, 'b 1': { depends: 'a' } },
      wanted: ['a'],
      gives: ['a 1', 'b 1'],
    },
  ])
})

describe('Recommends, as apt meets them,', () => {
  checkScenarios([
    {
      says: 'one that needs another version of something hard is left out',
      debs: {
        'app 1': { depends: 'lib', recommends: 'plugin' },
        'plugin 1': { depends: 'lib (<< 2)' },
        'lib 1': {},
        'lib 2': {},
      },
      wanted: ['app'],
      gives: ['app 1', 'lib 2'],
      details: follow,
    },
    {
      says: 'an or-group of them takes one alternative',
      debs: { 'app 1': { recommends: 'x | y' }, 'x 1': {}, 'y 1': {} },
      wanted: ['app'],
      gives: ['app 1', 'x 1'],
      details: follow,
    },
    {
      says: 'two that exclude each other bring the first',
      debs: { 'app 1': { recommends: 'x, y' }, 'x 1': {}, 'y 1': { conflicts: 'x' } },
      wanted: ['app'],
      gives: ['app 1', 'x 1'],
      details: follow,
    },
    {
      says: 'one that is excluded is not missed',
      debs: { 'app 1': { recommends: 'x' }, 'x 1': {} },
      wanted: ['app'],
      gives: ['app 1'],
      details: { ...follow, exclude: ['x'] },
    },
  ])
})
