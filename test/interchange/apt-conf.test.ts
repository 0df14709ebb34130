import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { parseAptConf, proxiesOf } from '../../src/interchange/apt-conf.ts'
import { isFault } from '../../src/kernel/index.ts'
import { assertFault } from '../support/assert-fault.ts'

const proxies = (text: string) => proxiesOf(parseAptConf(text, '/etc/apt/apt.conf')).proxies
const proxy = { kind: 'proxy', url: 'http://proxy.example.org:3128' } as const

describe('a proxy in apt.conf', () => {
  const rows = [
    ['Acquire::http::Proxy "http://proxy.example.org:3128";', 'http', proxy, 'on one line'],
    ['acquire::HTTP::proxy "http://proxy.example.org:3128";', 'http', proxy, 'names are compared without case'],
    ['Acquire { http { Proxy "http://proxy.example.org:3128"; } }', 'http', proxy, 'in blocks'],
    ['Acquire { https::Proxy "http://proxy.example.org:3128"; };', 'https', proxy, 'in a block of half the name'],
    ['Acquire::http::Proxy http://proxy.example.org:3128;', 'http', undefined, 'unquoted, // begins a comment'],
    ['Acquire::http::Proxy "DIRECT";', 'http', { kind: 'direct' }, 'none at all'],
    ['Acquire::http::Proxy "";', 'http', undefined, 'empty is unset'],
    ['// Acquire::http::Proxy "http://proxy.example.org:3128";', 'http', undefined, 'a comment'],
    ['# Acquire::http::Proxy "http://proxy.example.org:3128";', 'http', undefined, 'the other comment'],
    ['/* Acquire::http::Proxy\n"x"; */', 'http', undefined, 'the third comment'],
    [
      'Acquire::http::Proxy "http://a"; Acquire::http::Proxy "http://proxy.example.org:3128";',
      'http',
      proxy,
      'the last one counts',
    ],
    ['Acquire::http::Proxy "http://a"; #clear Acquire::http;', 'http', undefined, 'cleared again'],
    ['APT::X { "a"; "b"; };\nAcquire::http::Proxy "http://proxy.example.org:3128";', 'http', proxy, 'lists in between'],
  ] as const
  for (const [text, scheme, expected, why] of rows)
    test(why, async () => {
      if (why.startsWith('unquoted')) {
        await assertFault(() => proxies(text), 'APT_SOURCES_MALFORMED', ':1: there is no ;')
        return
      }
      assert.deepEqual(proxies(text)[scheme], expected)
    })

  test('may hold for one host alone', () => {
    assert.deepEqual(proxies('Acquire::http::Proxy::mirror.example.org "DIRECT";').hosts, [
      { scheme: 'http', host: 'mirror.example.org', proxy: { kind: 'direct' } },
    ])
  })

  test('of another kind is noted, without its text', () => {
    const { proxies: found, notes } = proxiesOf(parseAptConf('Acquire::http::Proxy "socks5h://me:secret@h";', 'f'))
    assert.equal(found.http, undefined)
    assert.equal(notes.length, 1)
    assert.doesNotMatch(JSON.stringify(notes), /secret/)
  })
})

describe('a broken apt.conf is refused at its line', () => {
  const rows = [
    ['a "x";\nAcquire {\n', ':2: the block is never closed'],
    ['}', ':1: a } closes no block'],
    ['\n{', ':2: a block has no name'],
    ['a "x', ':1: the quoted text is never closed'],
    ['\n/* x', ':2: the comment is never closed'],
    ['a "x"', ':1: there is no ; after "a"'],
  ] as const
  for (const [text, message] of rows)
    test(message, async () => {
      await assertFault(() => parseAptConf(text, 'f'), 'APT_SOURCES_MALFORMED', `f${message}`)
    })

  test('and nothing else happens, whatever the text', () => {
    const piece = fc.constantFrom(
      'Acquire',
      '::',
      'http',
      '{',
      '}',
      ';',
      '"',
      '/*',
      '*/',
      '//',
      '#',
      '#clear ',
      '\n',
      ' ',
      'é',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
        try {
          proxies(pieces.join(''))
        } catch (error) {
          if (!isFault(error, 'APT_SOURCES_MALFORMED')) throw error
        }
      }),
      { seed: 822, numRuns: 1000 },
    )
  })
})
