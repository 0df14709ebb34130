import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import {
  readStanzas,
  StanzaScanner,
  scanFields,
  scanStanzas,
  viewStanza,
} from '../../src/debian-control-parser/index.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

function pieces(text: string, found = scanStanzas(bytes(text))): string[] {
  return Array.from(found.starts, (start, index) => text.slice(start, found.ends[index]))
}

describe('a scan of stanzas', () => {
  it('ends a stanza at an empty line, however many follow', () => {
    assert.deepEqual(pieces('\n\nA: 1\nB: 2\n\n\n\nA: 3\n\n'), ['A: 1\nB: 2\n', 'A: 3\n'])
  })

  it('takes a last stanza without its newline', () => {
    assert.deepEqual(pieces('A: 1\n\nA: 2'), ['A: 1\n', 'A: 2'])
  })

  it('knows CRLF, also beside LF', () => {
    assert.deepEqual(pieces('A: 1\r\n\r\nA: 2\n\r\nA: 3\r\n\nA: 4\r\n'), ['A: 1\r\n', 'A: 2\n', 'A: 3\r\n', 'A: 4\r\n'])
  })

  it('finds nothing in nothing', () => {
    assert.deepEqual([scanStanzas(bytes('')).count, scanStanzas(bytes('\n\n')).count], [0, 0])
  })

  it('leaves a malformed stanza to whoever looks at it', () => {
    const file = bytes('A: 1\n\nnonsense\n\nA: 2\n')
    const found = scanStanzas(file)
    assert.equal(found.count, 3)
    assert.throws(() => viewStanza(file, { start: found.starts[1]!, end: found.ends[1]! }), { line: 3 })
    assert.equal(viewStanza(file, { start: found.starts[2]!, end: found.ends[2]! }).field('A'), '2')
  })
})

describe('a scan of fields', () => {
  const names = ['Package', 'Provides', 'Priority'] as const
  const scanned = (text: string) => {
    const found = scanFields(bytes(text), names)
    return Array.from({ length: found.count }, (_, stanza) =>
      names.map((_name, index) => {
        const at = stanza * names.length + index
        return text.slice(found.valueStarts[at], found.valueEnds[at])
      }),
    )
  }

  it('gives the values of the wanted fields of each stanza', () => {
    assert.deepEqual(scanned('Package: a\nSection: x\nprovides: b,\n c \n\nPRIORITY:optional\nPackage: d\n\n'), [
      ['a', 'b,\n c', ''],
      ['d', '', 'optional'],
    ])
  })

  it('is not misled by names that only begin alike, by folded lines or by blanks', () => {
    assert.deepEqual(scanned('Package-Type: udeb\nDescription: x\n Package: no\nPackage:   yes\t\r\n'), [
      ['yes', '', ''],
    ])
  })

  it('takes the first of two, which a view then refuses', () => {
    const text = 'Package: first\nPackage: second\n'
    assert.deepEqual(scanned(text), [['first', '', '']])
    assert.throws(() => readStanzas(bytes(text)), { line: 2 })
  })
})

describe('laws', () => {
  const text = fc
    .array(fc.constantFrom('A: 1', 'B: 2', ' c', '\n', '\n', '\n', '\r\n', 'Package: x', '#'), { maxLength: 40 })
    .map(parts => parts.join(''))

  it('the search for empty lines and the loop over lines find the same stanzas', () => {
    fc.assert(
      fc.property(text, lines => {
        const withoutCarriageReturn = lines.replaceAll('\r', '')
        const fast = scanStanzas(bytes(withoutCarriageReturn))
        const slow = scanFields(bytes(withoutCarriageReturn), [])
        assert.deepEqual([fast.count, fast.starts, fast.ends], [slow.count, slow.starts, slow.ends])
      }),
      { seed: 61 },
    )
  })

  it('the scan of fields and the view of a stanza agree wherever the view accepts', () => {
    fc.assert(
      fc.property(text, lines => {
        const file = bytes(lines)
        const found = scanFields(file, ['package', 'a'])
        for (let index = 0; index < found.count; index++) {
          const place = { start: found.starts[index]!, end: found.ends[index]! }
          let stanza: ReturnType<typeof viewStanza>
          try {
            stanza = viewStanza(file, place)
          } catch {
            continue
          }
          for (const [offset, name] of (['Package', 'A'] as const).entries()) {
            const at = index * 2 + offset
            const value = file.subarray(found.valueStarts[at], found.valueEnds[at])
            assert.deepEqual(value, Buffer.from(stanza.fieldBytes(name) ?? []))
          }
        }
      }),
      { seed: 62, numRuns: 500 },
    )
  })

  it('bytes that arrive little by little hold the same stanzas as all at once', () => {
    const scanned = (file: Buffer, arrivals: readonly number[]) => {
      const arriving = Buffer.alloc(file.length)
      const scanner = new StanzaScanner(arriving, ['package', 'a'], 'allowed')
      const stanzas: unknown[] = []
      const take = (after: 'more' | 'the end') => {
        while (scanner.next(after)) {
          const { start, end, isPlain, valueStarts, valueEnds } = scanner
          stanzas.push([start, end, isPlain, [...valueStarts], [...valueEnds]])
        }
      }
      for (const size of arrivals) {
        file.copy(arriving, 0, 0, size)
        scanner.arrived(size)
        take('more')
      }
      file.copy(arriving)
      scanner.arrived(file.length)
      take('the end')
      return stanzas
    }
    fc.assert(
      fc.property(text, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }), (lines, parts) => {
        const file = bytes(lines)
        const arrivals = parts.map(part => Math.floor(part * file.length)).sort((left, right) => left - right)
        const whole = scanned(file, [])
        assert.deepEqual(scanned(file, arrivals), whole)
        assert.equal(whole.length, scanFields(file, [], 'allowed').count)
      }),
      { seed: 63, numRuns: 1000 },
    )
  })
})
