import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { Fault } from '../../src/kernel/index.ts'
import { readManifest } from '../../src/manifest/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { everyKey, manifestHead } from '../support/manifest-samples.ts'

describe('anchors and aliases', () => {
  test('may name a value once and use it again', async () => {
    const text = `manifest: 1
architectures: [amd64]
archives:
  - {id: a, uri: "file:///a", suites: &suites [bookworm], components: [main], signed-by: &key debian-archive}
  - {id: b, uri: "file:///b", suites: *suites, components: [main], signed-by: *key}
`
    const { archives } = await readManifest(text, 'aptroot.yaml')
    assert.deepEqual(archives[1]?.suites, ['bookworm'])
  })

  test('cannot be used to blow up', async () => {
    const levels = Array.from({ length: 30 }, (_, at) => `a${at}: &a${at} [${`*a${at - 1}, `.repeat(9)}]`).slice(1)
    const bomb = `${manifestHead}a0: &a0 [x]\n${levels.join('\n')}\n`
    await assertFault(readManifest(bomb, 'aptroot.yaml'), 'MANIFEST_MALFORMED', /more than 100 aliases/)
  })
})

describe('a hostile manifest', () => {
  const hostile: readonly (readonly [name: string, text: string])[] = [
    ['fifty thousand open brackets', '['.repeat(50_000)],
    ['fifty thousand open braces', '{a: '.repeat(50_000)],
    ['fifty thousand nested lists', '- '.repeat(50_000)],
    ['a hundred thousand keys', Array.from({ length: 100_000 }, (_, at) => `k${at}:\n`).join('')],
    ['more than a million characters', `#${' '.repeat(1_000_001)}`],
    ['a terminal sequence as a key', '"\\e[2Jx": 1'],
    ['a NUL', 'base: "\\0"'],
    ['a lone surrogate', 'base: "\\ud800"'],
    ['a line of blanks before its last letter', `manifest: 1\nbase: x${' '.repeat(900_000)}y\n`],
    ['a line of addresses without an end', `manifest: 1\narchives: ${'x://'.repeat(200_000)}\n`],
  ]
  for (const [name, text] of hostile) {
    test(`with ${name} is refused in one line`, async () => {
      const before = process.cpuUsage()
      const error = await readManifest(text, 'aptroot.yaml').then(
        () => undefined,
        reason => reason,
      )
      assert.ok(error instanceof Fault, String(error))
      assert.match(error.message, /^aptroot\.yaml:\d+:\d+: [^\p{Cc}]+$/u)
      // Processor time: how busy the machine is says nothing about the reader.
      const { user } = process.cpuUsage(before)
      assert.ok(user < 5_000_000, `${user / 1000} ms`)
    })
  }

  const passwords = ['me:secret@h', 'me:top/secret@h', 'me:top secret@h', 'me:/secret@h', 'secret@h']
  for (const authority of passwords)
    test(`with an address at ${authority} is refused without the password`, async () => {
      const text = `manifest: 1
architectures: [amd64]
archives:
  - {id: a, uri: "https://${authority}/d", suites: [bookworm], components: [main], signed-by: debian-archive}
`
      const fault = await assertFault(readManifest(text, 'aptroot.yaml'), 'MANIFEST_INVALID')
      assert.doesNotMatch(JSON.stringify([fault.message, fault.hint, fault.context]), /secret/)
    })

  test('is read or refused with a place, whatever was cut, doubled or replaced in it', async () => {
    const edit = fc.record({
      at: fc.nat(everyKey.length),
      remove: fc.nat(20),
      insert: fc.oneof(
        fc.string({ maxLength: 5 }),
        fc.constantFrom(
          '- ',
          '[',
          '{',
          '\n',
          ': ',
          '"',
          '&a ',
          '*a',
          '!t ',
          '|',
          '>',
          '#',
          '\t',
          '%YAML 1.1\n---\n',
          '? ',
        ),
      ),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async edits => {
        const text = edits.reduce(
          (before, { at, remove, insert }) => before.slice(0, at) + insert + before.slice(at + remove),
          everyKey,
        )
        try {
          await readManifest(text, 'aptroot.yaml', 'amd64')
        } catch (error) {
          assert.ok(error instanceof Fault, String(error))
          assert.match(error.message, /^aptroot\.yaml:\d+:\d+: [^\n]+$/)
        }
      }),
      { seed: 20261120, numRuns: 400 },
    )
  }, 120_000)
})
