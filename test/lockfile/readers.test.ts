import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import { isFault } from '../../src/kernel/index.ts'
import { readCanonicalText } from '../../src/lockfile/read-canonical.ts'
import { readYamlText } from '../../src/lockfile/read-yaml.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'

const locksIn = (folder: string, name: string): readonly string[] =>
  readdirSync(folder)
    .map(each => `${folder}/${each}/${name}`)
    .filter(path => existsSync(path))
const scenarios = locksIn('fixtures/scenarios', 'expected.lock')
const examples = locksIn('examples', 'aptroot.lock')
const seed = Number(process.env.APTROOT_SEED ?? 20_261_121)
/** More of them: APTROOT_RUNS=100000. */
const runs = Number(process.env.APTROOT_RUNS ?? 800)

/** What YAML makes something else of, and what a hasty reader takes for what it is not. */
const pieces: readonly string[] = [
  ...[' ', '  ', '\n', '\n\n', '\r', '\t', '\u0085', '\u2028', '\u00a0', '\ufeff', '\u0000', '\u007f', 'é'],
  ...[
    '"',
    '""',
    "'",
    '\\',
    '\\u0041',
    '\\x41',
    '\\/',
    '\\"',
    '\\n',
    ':',
    '- ',
    '#',
    ' # x',
    ',',
    ', ',
    '?',
    '%',
    '|',
    '>',
  ],
  ...[
    '{}',
    '[]',
    '{',
    '}',
    '[',
    ']',
    '---',
    '...',
    '&a',
    '*a',
    '!',
    'true',
    'null',
    '~',
    '0',
    '00',
    '1',
    '1_0',
    '0x1',
    '1e3',
  ],
  ...['"a": 1', 'a: b', '"__proto__": 1', 'version:'],
]

function damaged(text: string, random: SeededRandom): string {
  const at = random.below(text.length)
  const lines = text.split('\n')
  const line = random.below(lines.length)
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at) + random.pick(pieces) + text.slice(at)
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + random.below(4))
    case 2:
      return text.slice(0, at) + random.pick(pieces) + text.slice(at + 1)
    case 3:
      return lines
        .toSpliced(line, 1)
        .toSpliced(random.below(lines.length), 0, lines[line] ?? '')
        .join('\n')
    default:
      return lines.with(line, `${' '.repeat(1 + random.below(4))}${lines[line]}`).join('\n')
  }
}

/** What a YAML library reads, or the code of its fault. */
function byTheLibrary(text: string) {
  try {
    return readYamlText(text, 'aptroot.lock').root
  } catch (error) {
    if (isFault(error)) return error.code
    throw error
  }
}

describe('our own reader of lock text and the YAML library', () => {
  it('read the same values on the same lines from every lock of this repository', () => {
    assert.ok(scenarios.length > 10 && examples.length > 4)
    for (const path of [...scenarios, ...examples]) {
      const text = readFileSync(path, 'utf8')
      const own = readCanonicalText(text)
      assert.ok(own !== undefined, `${path} is not canonical`)
      assert.deepEqual(own.root, byTheLibrary(text), path)
    }
  })

  it(`agree about whatever of damaged lock text our own reader takes (${runs} texts, seed ${seed})`, () => {
    const random = seededRandom(seed)
    const texts = scenarios.map(path => readFileSync(path, 'utf8'))
    let taken = 0
    for (let run = 0; run < runs; run++) {
      let text = random.pick(texts)
      for (let wounds = 1 + random.below(3); wounds > 0; wounds--) text = damaged(text, random)
      const own = readCanonicalText(text)
      if (own === undefined) continue
      taken++
      assert.deepEqual(own.root, byTheLibrary(text), `APTROOT_SEED=${seed}, text ${run}:\n${text}`)
    }
    assert.ok(taken > runs / 20, `only ${taken} of ${runs} were taken`)
  })
})
