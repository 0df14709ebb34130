import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { type ManifestNode, manifestSource, positionOf } from '../../src/manifest/manifest-node.ts'
import { readPlainYaml } from '../../src/manifest/plain-yaml.ts'
import { parseYaml } from '../../src/manifest/yaml-document.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'

const sourceOf = (text: string) => manifestSource(text, 'aptroot.yaml')

/** Everything a reader of manifests looks at, where each value begins included. */
function shapeOf(node: ManifestNode): unknown {
  const at = positionOf(node)
  switch (node.kind) {
    case 'scalar':
      return [at, node.value]
    case 'list':
      return [at, node.style, node.items.map(shapeOf)]
    case 'mapping':
      return [at, node.style, node.entries.map(({ key, value }) => [shapeOf(key), shapeOf(value)])]
  }
}

async function shapeByYaml(text: string): Promise<unknown> {
  try {
    return shapeOf(await parseYaml(sourceOf(text)))
  } catch (error) {
    return error
  }
}

const written = `# what we want
manifest: 1
distribution: debian/bookworm # stable
architectures: [amd64, arm64]
base: none

packages:
  # the server
  - nginx
  - openssl (>= 3.0)
  - git [amd64 arm64]   # two
  - "default-mta | mail-transport-agent"
archives:
  - id: demo
    uri: http://mirror.example.org/demo
    suites: [stable]
  - id: other
    uri: http://127.0.0.1:80/x
    suites:
      - a
      - b
exclude:
- usrmerge
recommends: false
image:
  configure: none
  source-date-epoch: 1735689600
  merged-usr: true
  users: []
`

const pieces = [
  ...[
    'manifest',
    'packages',
    'base',
    'key-two',
    ': ',
    ':',
    ':\n',
    '\n',
    '\n  ',
    '\n- ',
    '\n  - ',
    '\n    - ',
    ' ',
    '  ',
    '#',
    ' # c',
  ],
  ...[
    '[',
    ']',
    ', ',
    ',',
    '"',
    '"a"',
    '"a, b"',
    "'",
    '{',
    '}',
    '&a ',
    '*a',
    '!x ',
    '|',
    '>',
    '-',
    '---',
    '...',
    '?',
    '%',
    '@',
    '`',
    '\\',
  ],
  ...[
    '1',
    '01',
    '0x1',
    '1.5',
    '1e3',
    '.inf',
    '~',
    'null',
    'True',
    'true',
    'yes',
    'on',
    'a',
    'a b',
    'a:b',
    'a: b',
    'x/y',
    'n=1',
    '<<',
    'é',
    '\t',
    '\r',
  ],
]

function mutated(text: string, random: SeededRandom): string {
  let changed = text
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(changed.length + 1)
    changed = changed.slice(0, at) + random.pick(pieces) + changed.slice(at + random.below(4))
  }
  return changed
}

function random(seeded: SeededRandom): string {
  return Array.from({ length: 1 + seeded.below(14) }, () => seeded.pick(pieces)).join('')
}

describe('the plain subset of YAML', () => {
  test('is what people write', async () => {
    const node = readPlainYaml(sourceOf(written))
    assert.ok(node !== undefined)
    assert.deepEqual(shapeOf(node), await shapeByYaml(written))
  })

  test('means what the yaml package takes it for, or is left to it', async () => {
    const seed = Number(process.env.APTROOT_SEED ?? 20261121)
    const seeded = seededRandom(seed)
    let plain = 0
    for (let round = 0; round < 6000; round++) {
      const text = round % 3 === 0 ? `a: ${random(seeded)}\n` : mutated(written, seeded)
      const node = readPlainYaml(sourceOf(text))
      if (node === undefined) continue
      plain++
      assert.deepEqual(shapeOf(node), await shapeByYaml(text), `seed ${seed}: ${JSON.stringify(text)}`)
    }
    assert.ok(plain > 600, `seed ${seed}: only ${plain} of 6000 were plain`)
  })

  test.each([
    ['an alias', 'a: &x b\nc: *x\n'],
    ['a tag', 'a: !x b\n'],
    ['a block text', 'a: |\n  b\n'],
    ['a text over two lines', 'a: b\n  c\n'],
    ['a flow mapping', 'a: {b: c}\n'],
    ['a list in a list', 'a:\n  - - b\n'],
    ['a key that is written twice', 'a: b\na: c\n'],
    ['a number that is none in YAML 1.1', 'a: 010\n'],
    ['a tab', 'a:\tb\n'],
    ['a second document', 'a: b\n---\nc: d\n'],
    ['nothing', ''],
  ])('has not: %s', (_, text) => {
    assert.equal(readPlainYaml(sourceOf(text)), undefined)
  })
})
