import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import {
  ControlSyntaxError,
  formatStanza,
  linesOf,
  readSingleStanza,
  readStanzas,
  unfold,
  viewStanza,
} from '../../src/debian-control-parser/index.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')
const only = (text: string) => readSingleStanza(bytes(text))

describe('a stanza', () => {
  it('gives its fields in the order of the file, with their names as written', () => {
    const stanza = only('Package: bash\nversion: 5.2.15-2+b2\nESSENTIAL: yes\n')
    assert.deepEqual(stanza.fieldNames(), ['Package', 'version', 'ESSENTIAL'])
    assert.equal(stanza.field('Version'), '5.2.15-2+b2')
    assert.equal(stanza.field('essential'), 'yes')
    assert.equal(stanza.field('Depends'), undefined)
    assert.equal(stanza.has('ESSENTIAL'), true)
    assert.equal(stanza.has('Depends'), false)
  })

  it('knows the line of each field in the whole file', () => {
    const [, second] = readStanzas(bytes('\nPackage: a\n\n\nPackage: b\nDepends: c,\n d\nSection: x\n'))
    assert.equal(second?.line, 5)
    assert.equal(second.lineOf('depends'), 6)
    assert.equal(second.lineOf('Section'), 8)
    assert.equal(second.lineOf('Priority'), undefined)
  })

  it('counts lines from the start of the bytes when it is viewed by offset', () => {
    const file = bytes('Package: a\n\nPackage: b\nSection: x\n')
    const stanza = viewStanza(file, { start: 12, end: file.length })
    assert.equal(stanza.line, 3)
    assert.equal(stanza.lineOf('Section'), 4)
    assert.equal(viewStanza(file, { start: 12, end: file.length, firstLine: 100 }).lineOf('Section'), 101)
    assert.throws(() => viewStanza(bytes('A: 1\n\nnonsense\n'), { start: 6, end: 15 }), { line: 3 })
  })

  it('gives its bytes as they stand in the file', () => {
    assert.equal(Buffer.from(only('A: 1\nB:  2 \n').bytes).toString(), 'A: 1\nB:  2 \n')
  })

  it('keeps bytes that are not UTF-8 beside a readable text', () => {
    const stanza = only('Maintainer: J\xf6rg\nUploaders: J\xc3\xb6rg\n')
    assert.equal(stanza.field('Maintainer'), 'J\ufffdrg')
    assert.deepEqual(stanza.fieldBytes('Maintainer'), bytes('J\xf6rg'))
    assert.equal(stanza.field('Uploaders'), 'Jörg')
  })
})

const values = [
  ['A:x\n', 'x', 'no blank after the colon is needed'],
  ['A: \t x \t\n', 'x', 'blanks around a value mean nothing'],
  ['A: x', 'x', 'the last newline may be missing'],
  ['A: x\r\n', 'x', 'CRLF ends a line'],
  ['A:\n', '', 'a field may be empty'],
  ['A: x: y :z\n', 'x: y :z', 'only the first colon ends the name'],
  ['A: x\n y\n\tz\n', 'x\n y\n\tz', 'a space or a tab continues a field'],
  ['A: x \n y \n', 'x \n y', 'only the last line loses trailing blanks, as in dpkg'],
  ['A: x\r\n y\r\n', 'x\n y', 'CRLF inside a folded value becomes LF'],
  ['A:\n x\n', '\n x', 'a value may begin on the second line'],
  ['A: x\n .\n y\n', 'x\n .\n y', 'a dot stands for an empty line'],
  ['A: x\n # y\n', 'x\n # y', 'a hash after a blank is text'],
] as const

describe('the value of a field', () => {
  for (const [text, value, why] of values) {
    test(`of ${JSON.stringify(text)} is ${JSON.stringify(value)}: ${why}`, () => {
      assert.equal(only(text).field('a'), value)
    })
  }

  it('unfolds to one line', () => {
    assert.equal(unfold('libc6 (>= 2.36),\n  libtinfo6 ,\n\tdebconf'), 'libc6 (>= 2.36), libtinfo6 , debconf')
    assert.equal(unfold('\n a\n b'), 'a b')
    assert.equal(unfold('a'), 'a')
  })

  it('of several lines gives them without the leading blank and the dot', () => {
    assert.deepEqual(linesOf('GNU shell\n Bash is\n .\n  indented'), ['GNU shell', 'Bash is', '', ' indented'])
    assert.deepEqual(linesOf('\n /etc/bash.bashrc 89\n'.trimEnd()), ['/etc/bash.bashrc 89'])
  })
})

const refused = [
  ['Package\n', 1, 'no colon'],
  ['Package : a\n', 1, 'a blank before the colon is in no name (Debian Policy 5.1)'],
  [': a\n', 1, 'an empty name'],
  ['-Package: a\n', 1, 'a name does not begin with a hyphen, so that signed text cannot pose as a field'],
  ['Päckage: a\n', 1, 'a name is ASCII'],
  ['A: 1\nB 2\n', 2, 'no colon on a later line'],
  ['A: 1\nB: 2\na: 3\n', 3, 'the same field twice, in another case'],
  [' x\nA: 1\n', 1, 'a continuation before any field'],
  ['A: 1\n \nB: 2\n', 2, 'a line of blanks: some parsers end the stanza here, others do not'],
  ['A: 1\n\t \t\n', 2, 'a line of blanks at the end'],
  ['A: 1\n \r\nB: 2\n', 2, 'a line of blanks before CRLF'],
  ['A: 1\n# note\n', 2, 'a comment in a Packages file'],
  ['# note\n', 1, 'a comment alone in a Packages file'],
  ['A: 1\nB: x\0y\n', 2, 'a NUL byte'],
  ['A: 1\rB: 2\n', 1, 'a carriage return that some take for the end of a line'],
  ['A: 1\r', 1, 'a carriage return at the very end'],
] as const

describe('a stanza is refused', () => {
  for (const [text, line, why] of refused) {
    test(`${JSON.stringify(text)} on line ${line}: ${why}`, () => {
      assert.throws(
        () => readStanzas(bytes(text)),
        (error: unknown) =>
          error instanceof ControlSyntaxError && error.line === line && !/[\0\r\n]/.test(error.message),
      )
    })
  }

  it('naming both lines of a repeated field', () => {
    assert.throws(() => readStanzas(bytes('A: 1\n\nDepends: b\nX: y\nDepends: c\n')), {
      message: 'line 5: the field "Depends" is given twice, first on line 3',
    })
  })

  it('where exactly one is expected and there is none, or a second', () => {
    assert.throws(() => only('\n\n'), { line: 1, problem: 'there is no stanza' })
    assert.throws(() => only('A: 1\n\nB: 2\n'), { line: 3 })
  })
})

describe('comments, where they are allowed,', () => {
  const comments = 'allowed'
  it('stand before, between and inside fields, and mean nothing', () => {
    const text = '# head\nTypes: deb\n# inside\nSuites: bookworm\n# folded\n bookworm-updates\n# tail\n'
    const [stanza, ...others] = readStanzas(bytes(text), { comments })
    assert.equal(stanza?.field('Suites'), 'bookworm\n bookworm-updates')
    assert.equal(stanza.line, 2)
    assert.equal(stanza.lineOf('suites'), 4)
    assert.deepEqual(others, [])
  })

  it('make no stanza of their own', () => {
    assert.deepEqual(readStanzas(bytes('# only\n\n# comments\n'), { comments }), [])
    assert.equal(readStanzas(bytes('# a\n\nA: 1\n\n# b\n\nB: 2\n'), { comments }).length, 2)
  })
})

describe('laws', () => {
  const name = fc.stringMatching(/^[!"$-,./-9;-~][!-9;-~]{0,12}$/)
  const word = fc.stringMatching(/^[!-~]{1,12}$/)
  const value = fc
    .tuple(fc.option(word, { nil: '' }), fc.array(word, { maxLength: 3 }))
    .map(([first, rest]) => [first, ...rest].join('\n '))
  const fields = fc.uniqueArray(fc.tuple(name, value), {
    selector: ([key]) => key.toLowerCase(),
    minLength: 1,
    maxLength: 8,
  })

  it('what is written is read back', () => {
    fc.assert(
      fc.property(fields, written => {
        const stanza = readSingleStanza(Buffer.from(formatStanza(written)))
        assert.deepEqual(
          stanza.fieldNames().map(key => [key, stanza.field(key)]),
          written,
        )
      }),
      { seed: 51 },
    )
  })

  it('CRLF reads as LF', () => {
    fc.assert(
      fc.property(fields, written => {
        const stanza = readSingleStanza(Buffer.from(formatStanza(written).replaceAll('\n', '\r\n')))
        assert.deepEqual(
          stanza.fieldNames().map(key => [key, stanza.field(key)]),
          written,
        )
      }),
      { seed: 52 },
    )
  })

  it('any bytes are read or refused with a line that exists', () => {
    const hostile = fc.array(fc.constantFrom('A', 'b', ':', ' ', '\t', '\n', '\r', '#', '-', '.', '\0', '\xff'), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(hostile, fc.constantFrom('allowed' as const, 'refused' as const), (letters, comments) => {
        const text = letters.join('')
        try {
          for (const stanza of readStanzas(bytes(text), { comments }))
            for (const field of stanza.fieldNames()) assert.equal(typeof stanza.field(field), 'string')
        } catch (error) {
          assert.ok(error instanceof ControlSyntaxError, String(error))
          assert.ok(error.line >= 1 && error.line <= text.split('\n').length)
        }
      }),
      { seed: 53, numRuns: 2000 },
    )
  })
})

const unwritable = [
  ['Na me', 'x', 'a blank in the name'],
  ['#Name', 'x', 'a name that reads as a comment'],
  ['Name', 'x\nEssential: yes', 'a second field smuggled in'],
  ['Name', 'x\n\n y', 'an empty line'],
  ['Name', 'x\n  \n y', 'a line of blanks'],
  ['Name', 'x\ry', 'a carriage return'],
  ['Name', ' x', 'a leading blank would be lost'],
  ['Name', 'x\n y ', 'a trailing blank would be lost'],
] as const

describe('a stanza is not written', () => {
  for (const [name, value, why] of unwritable) {
    test(`with ${JSON.stringify(name)}: ${JSON.stringify(value)}: ${why}`, () => {
      assert.throws(() => formatStanza([[name, value]]), RangeError)
    })
  }
})
