import { describe } from 'vitest'
import { checkScenarios } from '../support/ported-scenario.ts'

const follow = { recommends: { kind: 'follow' } } as const
const same = { multiArch: 'same' } as const

/** Questions that libsolv's test cases put. */
describe('a solver of packages, as libsolv tests it,', () => {
  checkScenarios([
    {
      says: 'obsoleted names do not come back through an or-group',
      debs: { 'app 2': { depends: 'new | old' }, 'new 2': { conflicts: 'old', provides: 'old' }, 'old 1': {} },
      wanted: ['app'],
      gives: ['app 2', 'new 2'],
    },
    {
      says: 'a choice is made once for all that ask',
      debs: {
        'a 1': { depends: 'p | q' },
        'b 1': { depends: 'q | p' },
        'p 1': {},
        'q 1': {},
      },
      wanted: ['a', 'b'],
      gives: ['a 1', 'b 1', 'p 1'],
    },
    {
      says: 'the highest version is left for one that can be installed',
      debs: { 'a 3': { depends: 'gone' }, 'a 2': { depends: 'gone-too' }, 'a 1': {} },
      wanted: ['a'],
      gives: ['a 1'],
    },
    {
      says: 'a weak relation does not hold a version back',
      debs: { 'a 2': { recommends: 'b (<< 2)' }, 'b 2': {}, 'b 1': {} },
      wanted: ['a', 'b'],
      gives: ['a 2', 'b 2'],
      details: follow,
    },
    {
      says: 'two wanted packages of which each breaks the other are refused with both named',
      debs: { 'a 1': { breaks: 'b' }, 'b 1': { breaks: 'a' } },
      wanted: ['a', 'b'],
      gives: /the manifest wants a[\s\S]*the manifest wants b/,
    },
    {
      says: 'a name that is real and provided may be had either way',
      debs: { 'app 1': { depends: 'lib (= 2)' }, 'lib 1': {}, 'compat 1': { provides: 'lib (= 2)' } },
      wanted: ['app'],
      gives: ['app 1', 'compat 1'],
    },
    {
      says: 'a provider that conflicts with the real package excludes it',
      debs: {
        'app 1': { depends: 'lib (= 2), lib' },
        'lib 1': {},
        'compat 1': { provides: 'lib (= 2)', conflicts: 'lib' },
      },
      wanted: ['app', 'lib (= 1)'],
      gives: /conflicts with lib/,
    },
    {
      says: 'versions that stand on each other move together',
      debs: {
        'a 2': { depends: 'b (= 2)' },
        'a 1': { depends: 'b (= 1)' },
        'b 2': { depends: 'c (= 2)' },
        'b 1': { depends: 'c (= 1)' },
        'c 2': { depends: 'gone' },
        'c 1': {},
      },
      wanted: ['a'],
      gives: ['a 1', 'b 1', 'c 1'],
    },
  ])
})

/** Questions that resolvo's test cases put. */
describe('a search that learns, as resolvo tests it,', () => {
  checkScenarios([
    {
      says: 'the union of two ranges decides for the version in both',
      debs: { 'a 1': { depends: 'c (>= 2)' }, 'b 1': { depends: 'c (<< 4)' }, 'c 1': {}, 'c 3': {}, 'c 5': {} },
      wanted: ['a', 'b'],
      gives: ['a 1', 'b 1', 'c 3'],
    },
    {
      says: 'it goes back over a choice that was made long before',
      debs: {
        'start 1': { depends: 'first, second, third' },
        'first 1': { depends: 'x1 | x2' },
        'second 1': { depends: 'y1 | y2' },
        'third 1': { depends: 'z' },
        'x1 1': {},
        'x2 1': {},
        'y1 1': {},
        'y2 1': {},
        'z 1': { conflicts: 'x1' },
      },
      wanted: ['start'],
      gives: ['first 1', 'second 1', 'start 1', 'third 1', 'x2 1', 'y1 1', 'z 1'],
    },
    {
      says: 'a package that nobody asks for is never in the way',
      debs: { 'a 1': {}, 'noise 1': { conflicts: 'a', depends: 'gone' } },
      wanted: ['a'],
      gives: ['a 1'],
    },
    {
      says: 'a missing package at the end of a chain is named with the chain',
      debs: { 'a 1': { depends: 'b' }, 'b 1': { depends: 'c' }, 'c 1': { depends: 'gone (>= 2)' } },
      wanted: ['a'],
      gives: /a 1 .* needs b[\s\S]*b 1 .* needs c[\s\S]*c 1 .* needs gone \(>= 2\)/,
    },
    {
      says: 'a version that is excluded by each of two others in its own way has no solution',
      debs: {
        'a 1': { depends: 'c (>= 2)' },
        'b 1': { depends: 'c (<< 2)' },
        'c 1': {},
        'c 2': {},
      },
      wanted: ['a', 'b'],
      gives: /only one version of c|c \(>= 2\)[\s\S]*c \(<< 2\)/,
    },
    {
      says: 'an excluded name is named as such when nothing else answers',
      debs: { 'a 1': { depends: 'b' }, 'b 1': {} },
      wanted: ['a'],
      gives: /b is excluded by the manifest/,
      details: { exclude: ['b'] },
    },
    {
      says: 'a cycle that leads back to what is wanted asks for nothing new',
      debs: { 'a 1': { depends: 'b' }, 'b 1': { depends: 'c' }, 'c 1': { depends: 'a' } },
      wanted: ['a'],
      gives: ['a 1', 'b 1', 'c 1'],
    },
    {
      says: 'a cycle that needs another version of what is wanted is broken by an older one',
      debs: { 'a 2': { depends: 'b' }, 'a 1': {}, 'b 1': { depends: 'a (<< 2)' } },
      wanted: ['a'],
      gives: ['a 1'],
    },
    {
      says: 'an optional package is taken in its best version that fits',
      debs: { 'a 1': { recommends: 'b' }, 'b 2': { depends: 'gone' }, 'b 1': {} },
      wanted: ['a'],
      gives: ['a 1'],
      details: follow,
    },
  ])
})

/** Reports of rules_distroless, whose greedy choice goes wrong where two packages disagree. */
describe('a greedy choice, as it failed in rules_distroless,', () => {
  checkScenarios([
    {
      says: 'a first provider that does not go with the rest is given up',
      debs: {
        'app 1': { depends: 'ssl-provider, legacy' },
        'a-ssl 1': { provides: 'ssl-provider', conflicts: 'legacy' },
        'b-ssl 1': { provides: 'ssl-provider' },
        'legacy 1': {},
      },
      wanted: ['app'],
      gives: ['app 1', 'b-ssl 1', 'legacy 1'],
    },
    {
      says: 'the constraint of a later package binds the version of an earlier one',
      debs: {
        'early 1': { depends: 'lib' },
        'late 1': { depends: 'lib (<< 2)' },
        'lib 1': {},
        'lib 2': {},
      },
      wanted: ['early', 'late'],
      gives: ['early 1', 'late 1', 'lib 1'],
    },
    {
      says: 'a dependency cycle ends',
      debs: { 'libc6 1': { depends: 'libgcc-s1' }, 'libgcc-s1 1': { depends: 'libc6' } },
      wanted: ['libc6'],
      gives: ['libc6 1', 'libgcc-s1 1'],
    },
    {
      says: 'Provides with a version counts',
      debs: {
        'app 1': { depends: 'python3-distutils (>= 3.10)' },
        'python3 3.11': { provides: 'python3-distutils (= 3.11)' },
      },
      wanted: ['app'],
      gives: ['app 1', 'python3 3.11'],
    },
    {
      says: 'the security archive answers although the main archive has the name too',
      debs: { 'openssl 1': {}, 'openssl 1+deb12u1': { suites: ['debian-security/stable-security'] } },
      wanted: ['openssl'],
      gives: ['openssl 1+deb12u1'],
    },
    {
      says: 'Pre-Depends are dependencies',
      debs: { 'dash 1': { preDepends: 'debianutils' }, 'debianutils 1': {} },
      wanted: ['dash'],
      gives: ['dash 1', 'debianutils 1'],
    },
    {
      says: 'kernel headers of two architectures are locked at one version within a root',
      debs: {
        'linux-libc-dev:amd64 2': same,
        'linux-libc-dev:amd64 1': same,
        'linux-libc-dev:i386 1': same,
        'cross 1': { depends: 'linux-libc-dev:i386' },
      },
      wanted: ['cross', 'linux-libc-dev'],
      gives: ['cross 1', 'linux-libc-dev:amd64 1', 'linux-libc-dev:i386 1'],
      surroundings: { native: 'amd64', foreign: ['i386'] },
    },
    {
      says: 'a package is named at fault, not the one that was looked at last',
      debs: { 'good 1': {}, 'bad 1': { depends: 'nowhere' }, 'zzz 1': {} },
      wanted: ['bad', 'good', 'zzz'],
      gives: /^1\. the manifest wants bad\n2\. bad 1 .* needs nowhere/,
    },
  ])
})
