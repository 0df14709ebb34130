import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { quoted } from '../../src/kernel/index.ts'

const rows = [
  ['libc6', '"libc6"', 'a plain text'],
  ['grün', '"grün"', 'letters beyond ASCII'],
  ['a\nb', '"a\ufffdb"', 'a line break would make two lines of the message'],
  ['a\u001b[31mb', '"a\ufffd[31mb"', 'an escape sequence would colour the terminal'],
  ['a\u202eb', '"a\ufffdb"', 'an override would let the rest read backwards'],
  ['a\u200bb', '"a\ufffdb"', 'an invisible character would hide a difference'],
  ['a\ud800', '"a\ufffd"', 'half a surrogate pair'],
  ['', '""', 'nothing'],
  ['x'.repeat(100), `"${'x'.repeat(80)}…"`, 'a long text is cut'],
] as const

describe('untrusted text in a message', () => {
  for (const [text, expected, why] of rows) {
    test(`${JSON.stringify(text.slice(0, 20))}: ${why}`, () => assert.equal(quoted(text), expected))
  }
})
