import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { type Block, bodyLimits, foreign, formatMarkdown } from '../../src/review/index.ts'

const item = (text: string): Block => ({ kind: 'item', depth: 0, pieces: ['name ', foreign(text), ' end'] })
const bodyOf = (text: string) => formatMarkdown([item(text)], 'github')

const hostile = [
  ['a mention', '@everyone', '- name `@everyone` end\n'],
  ['a reference', 'fixes #1', '- name `fixes #1` end\n'],
  ['a link', '[x](http://evil.example.org)', '- name `[x](http://evil.example.org)` end\n'],
  ['HTML', '</details><img src=x>', '- name `</details><img src=x>` end\n'],
  ['backticks', 'a`b``c', '- name ```a`b``c``` end\n'],
  ['backticks at the edge', '`@me`', '- name `` `@me` `` end\n'],
  ['a line feed', 'a\n# b', '- name `a\\u000a# b` end\n'],
  ['an ANSI escape', '\u001b[31m', '- name `\\u001b[31m` end\n'],
  ['right-to-left marks', 'a\u202eb\u2066', '- name `a\\u202eb\\u2066` end\n'],
  ['nothing to see', '  ', '- name (empty) end\n'],
] as const

describe(`foreign text in Markdown, ${hostile.length} kinds of it and 2,000 random ones`, () => {
  for (const [what, text, expected] of hostile)
    test(`with ${what} is shown, not obeyed`, () => assert.equal(bodyOf(text), expected))

  test('never leaves its line nor its code span', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }), text => {
        const [, fence = '', inside = ''] = /^- name (`+)(.*)\1 end\n$/s.exec(bodyOf(text)) ?? ['', '', '']
        if (fence === '') return bodyOf(text) === '- name (empty) end\n'
        return !inside.includes('\n') && !new RegExp(`(^|[^\`])${fence}([^\`]|$)`).test(inside)
      }),
      { seed: 20261121, numRuns: 2000 },
    )
  })

  test('of ten megabytes is cut', () => assert.ok(bodyOf('x'.repeat(1e7)).length < 400))
})

describe('the body of a request', () => {
  const many: readonly Block[] = [
    item('first'),
    { kind: 'details', summary: 'many', blocks: Array.from({ length: 30_000 }, (_, at) => item(`deb${at}`)) },
    item('last'),
  ]
  for (const [forge, limit] of Object.entries(bodyLimits)) {
    test(`keeps the limit of ${forge}, closes what it opened, and says what is cut`, () => {
      const body = formatMarkdown([...many, ...many], forge as keyof typeof bodyLimits)
      assert.ok(Buffer.byteLength(body) <= limit, `${Buffer.byteLength(body)} bytes`)
      assert.ok(Buffer.byteLength(body) > limit * 0.98, 'the room is used')
      assert.equal(body.split('<details>').length, body.split('</details>').length)
      assert.match(body, /^- name `first` end/)
      assert.match(body, /More than the body of a request can hold/)
    })
  }
})
