import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { isFault } from '../../src/kernel/index.ts'
import { readSettings } from '../../src/workflows/settings.ts'
import { readSettingsFile } from '../../src/workflows/settings-file.ts'
import { assertFault } from '../support/assert-fault.ts'
import { type Given, placeOf, settings } from '../support/settings-place.ts'

/** Each on a line of its own, a column further in than the one before. */
function nested(piece: string, depth: number): string {
  return Array.from({ length: depth }, (_, column) => `${' '.repeat(column)}${piece}`).join('\n')
}

describe('a wrong setting is refused', () => {
  const inFile = [
    ['parallelism: 2\nmirors: {}', ':2:1: there is no setting "mirors"', 'an unknown key'],
    ['parallelism: 0', ':1:14: parallelism is "0"', 'a number below the range'],
    ['parallelism: 65', ':1:14: ', 'a number beyond the range'],
    ['timeout: 0', ':1:10: timeout is "0"', 'a server that may not even think'],
    ['parallelism: 1e1', ':1:14: ', 'another way to write a number'],
    ['offline: maybe', ':1:10: "maybe" is neither', 'neither yes nor no'],
    ['mirrors: http://h/', ':1:10: mirrors is no mapping', 'a mirror without its archive'],
    ['mirrors:\n  debian: ftp://h/debian', ':2:11: ftp://h/debian is no http', 'a scheme that cannot be fetched'],
    ['mirrors:\n  debian: []', ':2:3: "debian" has no mirror', 'an archive without mirrors'],
    ['mirrors:\n  debian: [a, {b: c}]', ':2:12: ', 'a mapping where text belongs'],
    ['snapshots:\n  debian: http://h/x', ':2:11: http://h/x does not hold {timestamp}', 'a snapshot without its time'],
    ['launchpad: ftp://h', ':1:12: ftp://h', 'a Launchpad that cannot be fetched from'],
    ['fallback: [pool]', ':1:12: ', 'a fallback that is no address'],
    ['store: [a]', ':1:8: "store" is no text', 'a list where text belongs'],
    ['store:', ':1:7: "store" is no text', 'nothing where text belongs'],
    ['store: ""', 'the path is empty', 'an empty path'],
    ['proxy: socks5://h', ':1:8: the proxy', 'a proxy of another kind'],
    ['proxy: {ftp: x}', ':1:9: proxy has no "ftp"', 'an unknown key of the proxy'],
    ['- a', ':1:1: the settings is no mapping', 'a list'],
    ['a: [', ':1:', 'broken YAML'],
    ['store: a\nstore: b', ':2:1: ', 'a key given twice'],
    ['a: 1\n---\nb: 2', ':2:', 'two documents'],
    [`mirrors:\n${'- '.repeat(60)}`, ':2:1: the line is too deeply nested', 'nesting that no setting has'],
    [`store: ${'x'.repeat(2000)}`, ':1:1: the line is too long', 'a line that no setting has'],
    ['store: &a x\nvendor: *a', ':2:9: "vendor" is no text', 'an alias'],
  ] as const
  for (const [user, message, why] of inFile)
    test(`in a file: ${why}`, async () => {
      const fault = await assertFault(settings({ user }), 'SETTINGS_INVALID', message)
      assert.match(fault.message, /^~\/\.config\/aptroot\/settings\.yaml:\d+:\d+: /)
      assert.ok((fault.hint ?? '').length > 0)
    })

  const elsewhere: readonly (readonly [Given, RegExp])[] = [
    [{ environment: { APTROOT_PARALLELISM: 'many' } }, /^APTROOT_PARALLELISM: parallelism is "many"/],
    [{ environment: { APTROOT_OFFLINE: 'perhaps' } }, /^APTROOT_OFFLINE: /],
    [{ environment: { APTROOT_PROXY: 'h' } }, /^APTROOT_PROXY: /],
    [{ environment: { APTROOT_MIRRORS: 'http://h/debian' } }, /^APTROOT_MIRRORS: .* ID=URI/],
    [{ environment: { https_proxy: 'socks5://h' } }, /^https_proxy: /],
    [{ flags: { mirror: ['debian'] } }, /^--mirror: "debian" is not of the form ID=URI/],
    [{ flags: { mirror: ['debian=http://h/?x=1'] } }, /^--mirror: http:\/\/h\/\?… has a query/],
    [{ flags: { mirror: ['debian=file://server/x'] } }, /^--mirror: .* names a host/],
    [{ environment: { APTROOT_SNAPSHOTS: 'debian=x' } }, /^APTROOT_SNAPSHOTS: /],
    [{ environment: { APTROOT_LAUNCHPAD: 'perhaps' } }, /^APTROOT_LAUNCHPAD: /],
    [{ flags: { fallback: ['pool'] } }, /^--fallback: /],
    [{ flags: { parallelism: '-1' } }, /^--parallelism: /],
    [{ flags: { timeout: '1.5' } }, /^--timeout: timeout is "1\.5"/],
    [{ environment: { APTROOT_TIMEOUT: '9999' } }, /^APTROOT_TIMEOUT: timeout is "9999"/],
    [{ flags: { store: '' } }, /^--store: the path is empty/],
    [{ flags: { proxy: 'ftp://h' } }, /^--proxy: /],
  ]
  for (const [given, message] of elsewhere)
    test(`elsewhere: ${message.source}`, async () => {
      await assertFault(settings(given), 'SETTINGS_INVALID', message)
    })

  test('without the password in it', async () => {
    for (const given of [
      { flags: { mirror: ['DEBIAN=https://me:secret@h/debian'] } },
      { flags: { mirror: ['debian=https://me:secret@h/debian?x'] } },
      { flags: { mirror: ['debian=https://me:top/secret@h/debian'] } },
      { flags: { mirror: ['debian https://me:top/secret@h/debian'] } },
      { flags: { mirror: ['debian=https://me:12/secret@h/debian?x'] } },
      { flags: { proxy: 'http://me:top/secret@h:3128' } },
      { environment: { http_proxy: 'me:top/secret@h:3128' } },
      { environment: { APTROOT_PROXY: 'socks5://me:secret@h' } },
      { user: 'mirrors:\n  debian: ftp://me:secret@h/' },
    ]) {
      const fault = await assertFault(settings(given), 'SETTINGS_INVALID')
      assert.doesNotMatch(`${fault.message}${fault.hint}${JSON.stringify(fault.context)}`, /secret/)
    }
  })

  test('when the file is no text or too large', async () => {
    const place = await placeOf({ user: '' })
    const path = join(place.home, '.config/aptroot/settings.yaml')
    await writeFile(path, Buffer.from([0xff, 0xfe]))
    await assertFault(readSettings({}, place), 'SETTINGS_INVALID', 'not UTF-8')
    await writeFile(path, '#'.repeat(64 * 1024 + 1))
    await assertFault(readSettings({}, place), 'SETTINGS_INVALID', '65537 bytes')
  })

  const deep = [
    '[',
    '{a: ',
    '- ',
    '? ',
    '&a ',
    '!!x ',
    'a: ',
    '- a: ',
    '[\n',
    ' [\n',
    '-\n',
    'a: "',
    "'",
    '*a ',
    '|\n ',
  ]
  for (const piece of deep)
    test(`however often the YAML repeats ${JSON.stringify(piece)}`, () => {
      for (const times of [90, 900, 60_000 / piece.length])
        for (const text of [piece.repeat(times), nested(piece, Math.min(times, 300))])
          try {
            readSettingsFile({ name: 'f', text, resolvePath: value => ({ kind: 'value', value }), refused: new Map() })
          } catch (error) {
            if (!isFault(error, 'SETTINGS_INVALID')) throw error
          }
    })

  test('and whatever the YAML, the answer is settings or that fault', () => {
    const piece = fc.constantFrom(
      'mirrors',
      'proxy',
      'store',
      ': ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&a',
      '*a',
      '!!x',
      '? ',
      '"',
      '|',
      '---',
      '<<',
      '0',
      'http://h',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 16 }), pieces => {
        const resolvePath = (value: string) => ({ kind: 'value', value }) as const
        try {
          readSettingsFile({ name: 'f', text: pieces.join(''), resolvePath, refused: new Map() })
        } catch (error) {
          if (!isFault(error, 'SETTINGS_INVALID')) throw error
        }
      }),
      { seed: 12, numRuns: 1500 },
    )
  })
})
