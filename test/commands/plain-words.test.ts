import assert from 'node:assert/strict'
import { Args, Flags, Parser } from '@oclif/core'
import { describe, test } from 'vitest'
import { type FlagDefinition, readPlainWords, type WordsDefinition } from '../../src/commands/base/plain-words.ts'
import { seededRandom } from '../support/seeded-random.ts'

const flags = {
  json: Flags.boolean({ summary: 'one document' }),
  quiet: Flags.boolean({ char: 'q', exclusive: ['verbose'] }),
  verbose: Flags.boolean({ char: 'v' }),
  file: Flags.string({ char: 'f', multiple: true, multipleNonGreedy: true }),
  greedy: Flags.string({ multiple: true }),
  store: Flags.string({ helpValue: 'DIR' }),
  format: Flags.option({ options: ['tar', 'oci'] as const })(),
  level: Flags.string({ default: '3' }),
  'no-progress': Flags.boolean(),
}
const args = { before: Args.string({ ignoreStdin: true }), after: Args.string({ ignoreStdin: true }) }

const words = [
  ...['--json', '-q', '-v', '--quiet', '--verbose', '-f', '--file', '--file=a=b', '--file=', '--greedy', '--store'],
  ...[
    '--store=x',
    '--format',
    '--format=oci',
    '--format=zip',
    '--level',
    '--level=1',
    '--no-progress',
    '--unknown',
    '-qv',
  ],
  ...['tar', 'oci', 'a', 'b', '-', '--', '-1', '', 'store', '-fx', '--json=true', '-x', '--progress', 'ü', ' '],
]

type Reading = { readonly flags: unknown; readonly args: unknown; readonly argv: unknown }

/** As the program does it; undefined when oclif refuses the words. */
async function readByOclif(
  argv: readonly string[],
  names: readonly string[],
  positional: WordsDefinition['positional'] = 'arguments',
): Promise<Reading | undefined> {
  const named = Object.fromEntries(Object.entries(args).filter(([name]) => names.includes(name)))
  try {
    const read = await Parser.parse([...argv], { flags, args: named, strict: positional === 'arguments' })
    return { flags: read.flags, args: read.args, argv: read.argv }
  } catch {
    return undefined
  }
}

/** oclif moves a word that is also the value of a flag before it to that value's place. */
function sortedWords(reading: Reading | undefined): Reading | undefined {
  return reading === undefined ? undefined : { ...reading, argv: [...(reading.argv as string[])].sort() }
}

const definition = flags as unknown as Readonly<Record<string, FlagDefinition>>

describe('words that leave no question', () => {
  test('are read as oclif reads them, and what oclif refuses is left to oclif', async () => {
    const seed = Number(process.env.APTROOT_SEED ?? 20261121)
    const random = seededRandom(seed)
    let plain = 0
    for (let round = 0; round < 4000; round++) {
      const argv = Array.from({ length: random.below(6) }, () => random.pick(words))
      const names = ['before', 'after'].slice(0, random.below(3))
      const positional = random.pick(['arguments', 'any'] as const)
      const ours = readPlainWords(argv, { flags: definition, arguments: names, positional })
      if (ours === undefined) continue
      plain++
      const theirs = await readByOclif(argv, names, positional)
      assert.deepEqual(sortedWords(ours), sortedWords(theirs), `seed ${seed}: ${JSON.stringify(argv)}`)
    }
    assert.ok(plain > 400, `seed ${seed}: only ${plain} of 4000 were plain`)
  })

  const commandLines: readonly (readonly [string, readonly string[]])[] = [
    ['no word at all', []],
    ['flags and their values', ['--json', '-f', 'a.yaml', '--file=b.yaml', '--store', '/x', '--format=tar']],
  ]
  for (const [what, argv] of commandLines)
    test(`are ${what}`, async () => {
      const ours = readPlainWords(argv, { flags: definition, arguments: [], positional: 'arguments' })
      assert.notEqual(ours, undefined)
      assert.deepEqual(ours, await readByOclif(argv, []))
    })

  const others: readonly (readonly [string, readonly string[]])[] = [
    ['an unknown flag', ['--jsno']],
    ['two flags that exclude each other', ['-q', '-v']],
    ['a value that looks like a flag', ['--store', '--json']],
    ['a value that is not among the options', ['--format', 'zip']],
    ['a flag without its value', ['--store']],
    ['a word too many', ['extra']],
    ['what follows --', ['--', '--json']],
  ]
  for (const [what, argv] of others)
    test(`are not: ${what}`, () => {
      assert.equal(readPlainWords(argv, { flags: definition, arguments: [], positional: 'arguments' }), undefined)
    })
})
