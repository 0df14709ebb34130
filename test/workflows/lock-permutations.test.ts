import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { openUniverse } from '../../src/archive/index.ts'
import { buildLockfile, requestOf, writeLockfile } from '../../src/lockfile/index.ts'
import { readManifest } from '../../src/manifest/index.ts'
import { resolvePackages } from '../../src/resolver/index.ts'
import { resolutionRequestOf } from '../../src/workflows/resolution-request.ts'
import { digestOf, indexOf, stanzaText } from '../support/packages-file.ts'
import { quietSession } from '../support/scratch.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'

const seeds = Number(process.env.APTROOT_SEED ?? 1)
const runs = 60

const places = [
  ['alpha', 'stable', 'main'],
  ['alpha', 'stable', 'contrib'],
  ['alpha', 'updates', 'main'],
  ['beta', 'stable', 'main'],
] as const

interface Scene {
  /** Stanzas of each place. */
  readonly stanzas: readonly (readonly string[])[]
  readonly archives: readonly string[]
  readonly wanted: readonly string[]
  readonly exclude: readonly string[]
}

/** Twelve names over four places: the same bytes in several, other bytes under one version, providers, or-groups. */
function sceneOf(random: SeededRandom): Scene {
  const names = Array.from({ length: 12 }, (_, at) => `p${at}`)
  const group = () => Array.from({ length: 1 + random.below(3) }, () => random.pick([...names, 'v', 'w'])).join(' | ')
  const list = (most: number, item: () => string) => Array.from({ length: random.below(most + 1) }, item).join(', ')
  const stanza = (name: string) => {
    const version = random.pick(['1', '1.0-1', '2:0.9'])
    const bytes = random.pick(['', '', 'rebuilt '])
    return stanzaText(`${name} ${version}`, {
      Architecture: random.pick(['amd64', 'all']),
      Depends: random.below(8) === 0 ? undefined : list(2, group) || undefined,
      Recommends: list(1, group) || undefined,
      Conflicts: random.below(6) === 0 ? random.pick(names) : undefined,
      Provides: random.pick(['', '', 'v', 'w (= 1)']) || undefined,
      Source: random.pick(['', 'shared']) || undefined,
      SHA256: digestOf(`${bytes}${name} ${version}`),
    })
  }
  return {
    stanzas: places.map(() => names.filter(() => random.below(3) > 0).map(stanza)),
    archives: ['alpha', 'beta'],
    wanted: [...new Set(Array.from({ length: 1 + random.below(4) }, () => random.pick([...names, 'v', 'p1 | p2'])))],
    exclude: [...new Set(Array.from({ length: random.below(3) }, () => random.pick(names)))],
  }
}

function shuffled<Item>(items: readonly Item[], random: SeededRandom): readonly Item[] {
  const rest = [...items]
  return Array.from({ length: items.length }, () => rest.splice(random.below(rest.length), 1)[0] as Item)
}

function permuted(scene: Scene, random: SeededRandom): Scene {
  return {
    stanzas: scene.stanzas.map(stanzas => shuffled(stanzas, random)),
    archives: shuffled(scene.archives, random),
    wanted: shuffled(scene.wanted, random),
    exclude: shuffled(scene.exclude, random),
  }
}

function manifestText({ archives, wanted, exclude }: Scene, random: SeededRandom): string {
  const suitesOf = (id: string) =>
    shuffled([...new Set(places.flatMap(([archive, suite]) => (archive === id ? [suite] : [])))], random)
  return [
    'manifest: 1',
    'architectures: [amd64]',
    'base: none',
    'recommends: true',
    'archives:',
    ...archives.flatMap(id => [
      `  - id: ${id}`,
      `    uri: http://mirror.example.org/${id}`,
      `    suites: [${suitesOf(id).join(', ')}]`,
      `    components: [${shuffled(['main', 'contrib'], random).join(', ')}]`,
      '    trusted: {reason: a test}',
    ]),
    `packages: [${wanted.map(each => `"${each}"`).join(', ')}]`,
    `exclude: [${exclude.join(', ')}]`,
    'image: {configure: none}',
    '',
  ].join('\n')
}

/** The lock's bytes, or the explanation where there is no solution. */
async function lockOf(scene: Scene, random: SeededRandom, asOf: Date): Promise<string> {
  const manifest = await readManifest(manifestText(scene, random), 'aptroot.yaml', 'amd64')
  const indexes = scene.stanzas.map((stanzas, at) => {
    const [archive, suite, component] = places[at] ?? assert.fail()
    return indexOf(stanzas.join('\n'), { archive, suite, component })
  })
  const [root] = manifest.architectures
  const universe = openUniverse({
    nativeArchitecture: root.native,
    foreignArchitectures: root.foreign,
    indexes: shuffled(indexes, random),
  })
  const found = await resolvePackages(resolutionRequestOf(manifest, root, universe, asOf), quietSession())
  if (found.kind === 'unsolvable') return JSON.stringify(found.explanation)
  return writeLockfile(
    buildLockfile({
      request: requestOf(manifest),
      keys: new Map(),
      roots: [{ architecture: 'amd64', packages: found.packages }],
      previous: undefined,
    }),
  )
}

const zone = process.env.TZ
const language = process.env.LC_ALL
afterEach(() => {
  process.env.TZ = zone ?? 'UTC'
  if (language === undefined) delete process.env.LC_ALL
  else process.env.LC_ALL = language
})

describe('a lock', () => {
  it(`has the same bytes for permuted stanzas, indexes, archives and requests, in another zone, on another day (seeds ${seeds} to ${seeds + runs - 1})`, async () => {
    let solved = 0
    for (let seed = seeds; seed < seeds + runs; seed++) {
      const random = seededRandom(seed)
      const scene = sceneOf(random)
      const first = await lockOf(scene, random, new Date('2026-01-20T12:00:00Z'))
      if (first.startsWith('#')) solved++
      for (const [index, TZ] of ['Pacific/Kiritimati', 'America/St_Johns', 'Asia/Kathmandu'].entries()) {
        process.env.TZ = TZ
        process.env.LC_ALL = ['tr_TR.UTF-8', 'C', 'sv_SE.UTF-8'][index] ?? 'C'
        const again = await lockOf(permuted(scene, random), random, new Date(2030 + index, 6, 1, 23))
        assert.equal(again, first, `seed ${seed}, ${TZ}: run it alone with APTROOT_SEED=${seed}`)
      }
    }
    assert.ok(solved > runs / 4 && solved < runs, `${solved} of ${runs} universes have a lock`)
  })
})
