import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { readPrivateKey } from 'openpgp'
import { describe, test } from 'vitest'
import { openArchives, openUniverse } from '../../src/archive/index.ts'
import type { PackageUniverse } from '../../src/debian/index.ts'
import { type Pin, readManifest } from '../../src/manifest/index.ts'
import { rankCandidates } from '../../src/resolver/index.ts'
import { type AptPolicy, policyApt } from '../support/apt-policy.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { combinations, type PinStanza, preferencesOf, stanza } from '../support/pin-combinations.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { writeScenarioArchives } from '../support/scenario-archive.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { transferScene } from '../support/transfer-world.ts'
import { type RequestDetails, request } from '../support/universe.ts'

const keyPath = fileURLToPath(new URL('../../fixtures/keys/demo-archive.asc', import.meta.url))
const date = new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z')

/** Four suites of one archive, one of another host, and one in a folder. */
const archives = `== debian stable main amd64 ${date}
Origin: Debian
Label: Debian
Codename: bookworm
Version: 12.5

nginx 1.22.1-9

nginx-common 1.22.1-9 all
Source: nginx

libssl3 3.0.11-1
Source: openssl

openssl 3.0.11-1

tool 1:1.0-1

== debian stable main i386 ${date}
libssl3 3.0.11-1
Source: openssl

tool 1:1.0-1

== debian stable contrib amd64 ${date}
tool 1:1.5-1

== debian stable contrib i386 ${date}
tool 1:1.5-1

== debian stable-updates main amd64 ${date}
Origin: Debian
Label: Debian-Updates
Codename: bookworm-updates
Version: 12-updates

nginx 1.22.1-9+deb12u1

nginx-common 1.22.1-9+deb12u1 all
Source: nginx

openssl 3.0.12-0ubuntu1
Phased-Update-Percentage: 20

== debian stable-backports main amd64 ${date}
Origin: Debian Backports
Label: Debian Backports
Codename: bookworm-backports
NotAutomatic: yes
ButAutomaticUpgrades: yes

nginx 1.26.0-1~bpo12+1

nginx-common 1.26.0-1~bpo12+1 all
Source: nginx

libssl3 3.2.0-1~bpo12+1
Source: openssl

openssl 3.2.0-1~bpo12+1

== debian stable-backports main i386 ${date}
libssl3 3.2.0-1~bpo12+1
Source: openssl

== debian experimental main amd64 ${date}
Origin: Debian
Label: Debian
Codename: rc-buggy
NotAutomatic: yes

nginx 1.27.0-1

openssl 3.4.0-1

newcomer 1~rc1

== other everything main amd64 ${date}
Origin: Other Inc
Label: Other
Codename: everything

nginx 1.25.0-1~other

tool 1:2.0-1

== local own main amd64 ${date}
Origin: Own
Label: Own
Codename: own

tool 1:0.9-1+own1

openssl 3.0.11-1+own1
`

const names = ['nginx', 'nginx-common', 'libssl3', 'libssl3:i386', 'openssl', 'tool', 'newcomer']

/** Where aptroot means something else than apt, and why. */
const deliberate: readonly (readonly [about: string, name: string, why: string])[] = [
  [
    'a source package by release',
    'libssl3:i386',
    'a pin without an architecture reaches all of them, not only the native one',
  ],
  [
    'source packages by pattern',
    'libssl3:i386',
    'a pin without an architecture reaches all of them, not only the native one',
  ],
  ['release by architecture', 'nginx-common', 'a deb of all is taken to be listed for every architecture of the root'],
]

function isDeliberate(about: string, name: string | undefined): boolean {
  return deliberate.some(each => each[0] === about && each[1] === name)
}

/** The same as a manifest says it. */
async function pinsOf(stanzas: readonly PinStanza[]): Promise<readonly Pin[]> {
  const lines = stanzas.map(each => {
    const [, kind = '', value = ''] = /^(\w+) (.*)$/.exec(each.pin) ?? []
    return `  - {package: ${JSON.stringify(each.package)}, ${kind}: ${JSON.stringify(value)}, priority: ${each.priority}, reason: x}`
  })
  const text = `manifest: 1\ndistribution: debian/bookworm\narchitectures: [amd64]\npins:${lines.length === 0 ? ' []' : `\n${lines.join('\n')}`}\n`
  return (await readManifest(text, 'aptroot.yaml')).pins
}

function ourPolicies(universe: PackageUniverse, details: RequestDetails): ReadonlyMap<string, AptPolicy> {
  const { priorityOf, candidateOf, ranked } = rankCandidates(request(universe, [], details))
  return new Map(
    names.map(asked => {
      const [name = '', architecture = 'amd64'] = asked.split(':')
      const debs = ranked(name, architecture)
      return [
        asked,
        {
          candidate: candidateOf(name, architecture)?.version,
          priorities: new Map(debs.map(deb => [deb.version, priorityOf(deb)])),
        },
      ]
    }),
  )
}

function asText(policies: ReadonlyMap<string, AptPolicy>): string[] {
  return names.map(name => {
    const { candidate = '(none)', priorities } = policies.get(name) ?? { priorities: new Map<string, number>() }
    const versions = [...priorities].map(([version, priority]) => `${version} ${priority}`).sort()
    return `${name}: ${candidate}; ${versions.join(', ')}`
  })
}

describe('pins, candidates and phased updates', () => {
  test(`are what apt-cache policy says of ${combinations.length} preferences files`, {
    timeout: 240_000,
  }, async context => {
    const missing = existsSync('/usr/bin/apt-cache') ? undefined : 'apt-cache is not installed'
    if (skippedForWantOf(missing)) return context.skip()
    const folder = await scratchFolder()
    const key = await readPrivateKey({ armoredKey: await readFile(keyPath.replace(/asc$/, 'secret.asc'), 'utf8') })
    await writeScenarioArchives(archives, join(folder, 'served'), key)
    const mirror = await startMirror({ folder: join(folder, 'served') })
    const addresses = {
      debian: `${mirror.url}/debian`,
      other: `${mirror.url.replace('127.0.0.1', 'localhost')}/other`,
      local: pathToFileURL(join(folder, 'served/local')).href,
    }
    const suites = {
      debian: ['stable', 'stable-updates', 'stable-backports', 'experimental'],
      other: ['everything'],
      local: ['own'],
    }
    const ids = ['debian', 'other', 'local'] as const
    const componentsOf = (suite: string) => (suite === 'stable' ? 'main contrib' : 'main')
    const architecturesOf = (suite: string) => (['stable', 'stable-backports'].includes(suite) ? 'amd64,i386' : 'amd64')
    const sources = ids.flatMap(id =>
      suites[id].map(
        suite =>
          `deb [signed-by=${keyPath} arch=${architecturesOf(suite)}] ${addresses[id]} ${suite} ${componentsOf(suite)}\n`,
      ),
    )
    const apt = await policyApt(join(folder, 'apt'), sources.join(''), ['amd64', 'i386'])

    const { transfer, store } = await transferScene()
    const opened = await openArchives(
      {
        archives: ids.flatMap(id =>
          suites[id].map(suite => ({
            id: `${id}-${suite}`,
            uris: [addresses[id]] as const,
            suites: [suite] as const,
            components: componentsOf(suite).split(' '),
            architectures: architecturesOf(suite).split(','),
            trust: { kind: 'signed-by', signedBy: { kind: 'path', path: 'key.asc' } } as const,
            snapshot: undefined,
            maxAgeSeconds: undefined,
            security: false,
            position: { line: 1, column: 1 },
          })),
        ),
        architectures: ['amd64', 'i386'],
        urisOf: archive => archive.uris,
        readKeyFile: () => readFile(keyPath),
        asOf: new Date(),
        mode: 'online',
        store,
        transfer,
      },
      quietSession(),
    )
    const universe = openUniverse({
      nativeArchitecture: 'amd64',
      foreignArchitectures: ['i386'],
      indexes: opened.indexes,
    })
    const differences: string[] = []
    for (const [about, ...stanzas] of combinations) {
      const theirs = asText(await apt.policies(names, preferencesOf(stanzas)))
      const ours = asText(ourPolicies(universe, { pins: await pinsOf(stanzas) }))
      for (const [at, line] of theirs.entries())
        if (line !== ours[at] && !isDeliberate(about, names[at]))
          differences.push(`${about}\n  apt:     ${line}\n  aptroot: ${ours[at]}`)
    }
    // apt judges phased updates of what is installed only; a lock judges them all.
    const installed = 'Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.11-1\n'
    for (const [phasedUpdates, setting] of [
      ['never', 'APT::Get::Never-Include-Phased-Updates "true";'],
      ['always', 'APT::Get::Always-Include-Phased-Updates "true";'],
    ] as const)
      for (const stanzas of [[], [stanza('openssl', 'version 3.0.12*', 990)]]) {
        const state = { settings: [setting, 'APT::Get::Phase-Policy "true";'], status: installed }
        const theirs = (await apt.policies(names, preferencesOf(stanzas), state)).get('openssl')
        const ours = ourPolicies(universe, { pins: await pinsOf(stanzas), phasedUpdates }).get('openssl')
        const phased = '3.0.12-0ubuntu1'
        assert.equal(ours?.priorities.get(phased), theirs?.priorities.get(phased), `phased updates: ${phasedUpdates}`)
      }
    await opened.close()
    const compared = combinations.length * names.length + 4
    process.stderr.write(
      `pins: ${compared} answers of ${combinations.length + 4} configurations compared with apt-cache policy\n`,
    )
    assert.deepEqual(differences, [])
  })
})
