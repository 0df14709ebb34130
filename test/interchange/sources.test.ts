import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { parseSourceLine, parseSourcesList, parseSourcesStanzas } from '../../src/interchange/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { assertFault } from '../support/assert-fault.ts'

const ring = '/usr/share/keyrings/example.gpg'
const fingerprint = '0123456789ABCDEF0123456789ABCDEF01234567'

function only(text: string) {
  const { sources, notes } = parseSourcesList(text, '/etc/apt/sources.list')
  assert.deepEqual(notes, [])
  assert.equal(sources.length, 1, text)
  return sources[0]!
}

describe('the one-line format', () => {
  test('has URI, suite and components', () => {
    assert.deepEqual(only('deb http://mirror.example.org/debian/ bookworm main contrib'), {
      place: { file: '/etc/apt/sources.list', line: 1 },
      uris: ['http://mirror.example.org/debian'],
      suites: ['bookworm'],
      components: ['main', 'contrib'],
      architectures: undefined,
      signedBy: undefined,
      trusted: 'by-signature',
    })
  })

  const options = [
    ['[arch=amd64,arm64]', { architectures: ['amd64', 'arm64'] }, 'a list is separated by commas'],
    ['[ arch=amd64 arch+=i386 ]', { architectures: ['amd64', 'i386'] }, 'blanks inside the brackets separate options'],
    ['[arch+=i386]', { architectures: undefined }, 'adding to the default restricts nothing'],
    [`[signed-by=${ring}]`, { signedBy: { kind: 'key-rings', paths: [ring], fingerprints: [] } }, 'a path'],
    [
      `[signed-by=${ring},${fingerprint.toLowerCase()}!]`,
      { signedBy: { kind: 'key-rings', paths: [ring], fingerprints: [fingerprint] } },
      'paths and fingerprints mix; the mark for an exact subkey says nothing more',
    ],
    ['[trusted=yes]', { trusted: 'yes' }, 'an archive without a signature'],
    ['[trusted=no]', { trusted: 'by-signature' }, 'only yes takes the signature away'],
    ['[lang=de by-hash=force # not a comment]', undefined, 'an option without a value is refused'],
    ['[enabled=no]', { suites: ['bookworm'] }, 'apt knows this in stanzas only (apt 2.6)'],
    ['[pdiffs=no lang=de]', { architectures: undefined }, 'what changes nothing that is locked is passed over'],
  ] as const
  for (const [text, expected, why] of options)
    test(`${text}: ${why}`, async () => {
      const line = `deb ${text} http://mirror.example.org/debian bookworm main`
      if (expected === undefined) {
        await assertFault(() => only(line), 'APT_SOURCES_MALFORMED', '/etc/apt/sources.list:1: the option')
        return
      }
      const source: Record<string, unknown> = { ...only(line) }
      for (const [name, value] of Object.entries(expected)) assert.deepEqual(source[name], value, name)
    })

  const nothing = [
    ['# deb http://mirror.example.org/debian bookworm main', 'a comment'],
    ['   \t', 'an empty line'],
    ['deb-src http://mirror.example.org/debian bookworm main', 'sources are not what is installed'],
  ] as const
  for (const [line, why] of nothing)
    test(`${why} gives no archive`, () => assert.deepEqual(parseSourcesList(line, 'f'), { sources: [], notes: [] }))

  test('has a comment at the end of a line, but not inside brackets', () => {
    assert.deepEqual(only('deb http://mirror.example.org/debian bookworm main # contrib').components, ['main'])
  })

  test('has flat repositories, whose suite ends in a slash', () => {
    const source = only('deb [trusted=yes] file:/srv/debs ./')
    assert.deepEqual([source.uris, source.suites, source.components], [['file:///srv/debs'], ['./'], []])
  })

  const leftOut = [
    ['deb cdrom:[Debian GNU/Linux 12 _Bookworm_ - Official]/ bookworm main', /"cdrom"/],
    ['deb mirror+file:/etc/apt/mirrors.txt bookworm main', /"mirror\+file"/],
    ['deb tor+http://mirror.example.org/debian bookworm main', /"tor\+http"/],
    ['deb http://mirror.example.org/$(ARCH)/debian bookworm main', /depends on the host/],
    ['deb [arch-=i386] http://mirror.example.org/debian bookworm main', /taken away/],
  ] as const
  for (const [line, message] of leftOut)
    test(`${line} is left out with a note`, () => {
      const { sources, notes } = parseSourcesList(`\n${line}`, 'f')
      assert.deepEqual(sources, [])
      assert.equal(notes[0]?.place.line, 2)
      assert.match(notes[0]?.message ?? '', message)
    })

  test('gives no password away, neither as address nor in a note', async () => {
    const found = parseSourcesList('deb https://me:secret@mirror.example.org/debian bookworm main', 'f')
    assert.deepEqual(found.sources[0]?.uris, ['https://mirror.example.org/debian'])
    assert.match(found.notes[0]?.message ?? '', /credentials/)
    assert.doesNotMatch(JSON.stringify(found), /secret/)
    const unreadable = () => parseSourcesList('deb //me:top/secret@mirror.example.org/debian bookworm main', 'f')
    const { message } = await assertFault(unreadable, 'APT_SOURCES_MALFORMED')
    assert.doesNotMatch(message, /secret/)
  })

  const malformed = [
    ['rpm http://mirror.example.org/ a b', /f:3: the type "rpm"/],
    ['deb', /there is no URI/],
    ['deb http://mirror.example.org/debian', /there is no suite/],
    ['deb http://mirror.example.org/debian bookworm', /has no component/],
    ['deb http://mirror.example.org/debian ./ main', /flat repository/],
    ['deb /srv/debian bookworm main', /is no URI/],
    ['deb http://[::/debian] bookworm main', /URI/],
    ['deb [arch=amd64 http://mirror.example.org/debian bookworm main', /a closing \] is missing/],
    ['deb [arch=amd64]http://mirror.example.org/debian bookworm main', /a blank is missing/],
    ['deb [signed-by=example.gpg] http://mirror.example.org/debian bookworm main', /neither an absolute path/],
    ['deb [signed-by=89ABCDEF] http://mirror.example.org/debian bookworm main', /whole fingerprint/],
    ['deb "http://mirror.example.org/debian bookworm main', /a closing " is missing/],
  ] as const
  for (const [line, message] of malformed)
    test(`${line} is refused with its line number`, async () => {
      const fault = await assertFault(() => parseSourcesList(`\n\n${line}`, 'f'), 'APT_SOURCES_MALFORMED', message)
      assert.deepEqual(fault.context, { file: 'f', line: 3 })
    })
})

describe('a line given to `archive add`', () => {
  test('is one deb entry', async () => {
    assert.deepEqual(parseSourceLine(' deb http://mirror.example.org/d sid main\n', 'argument').suites, ['sid'])
    for (const text of [
      '',
      '# deb',
      'deb-src http://h/d sid main',
      'deb cdrom:[x]/ sid main',
      'deb http://h/d sid main\ndeb',
    ])
      await assertFault(() => parseSourceLine(text, 'argument'), 'APT_SOURCES_MALFORMED', 'argument:1: ')
  })
})

describe('a .sources file', () => {
  const file = '/etc/apt/sources.list.d/debian.sources'

  test('has stanzas with lists, comments and an armored key', () => {
    const text = [
      '# two stanzas',
      'Types: deb deb-src',
      '# a comment between fields',
      'URIs: http://mirror.example.org/debian http://other.example.org/debian/',
      'Suites: bookworm bookworm-updates',
      'Components: main',
      '  contrib',
      'Architectures: amd64 i386',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' mDMEZ',
      ' -----END PGP PUBLIC KEY BLOCK-----',
      '',
      'Enabled: no',
      'Types: deb',
      'URIs: http://mirror.example.org/x',
      'Suites: ./',
      '',
    ].join('\n')
    const { sources, notes } = parseSourcesStanzas(text, file)
    assert.deepEqual(notes, [])
    assert.deepEqual(sources, [
      {
        place: { file, line: 2 },
        uris: ['http://mirror.example.org/debian', 'http://other.example.org/debian'],
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main', 'contrib'],
        architectures: ['amd64', 'i386'],
        signedBy: {
          kind: 'inline',
          armor: '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZ\n-----END PGP PUBLIC KEY BLOCK-----\n',
        },
        trusted: 'by-signature',
      },
    ])
  })

  const malformed = [
    ['Types: deb\nURIs http://x', /:2: /, 'a line that is no field'],
    ['URIs: http://mirror.example.org/d\nSuites: sid\nComponents: main', /:1: there is no type/, 'no Types'],
    ['\n\nTypes: deb\nSuites: sid\nComponents: main', /:3: there is no URI/, 'no URIs'],
    ['Types: deb\nTypes: deb', /:2: /, 'a field given twice'],
  ] as const
  for (const [text, message, why] of malformed)
    test(`is refused for ${why}`, async () => {
      await assertFault(() => parseSourcesStanzas(text, file), 'APT_SOURCES_MALFORMED', message)
    })

  test('says the same as the one-line format', () => {
    const line = `deb [arch=amd64 signed-by=${ring}] http://mirror.example.org/debian bookworm main contrib`
    const stanza = `Types: deb\nURIs: http://mirror.example.org/debian\nSuites: bookworm\nComponents: main contrib\nArchitectures: amd64\nSigned-By: ${ring}\n`
    assert.deepEqual(parseSourcesStanzas(stanza, 'f'), parseSourcesList(line, 'f'))
  })
})

test('whatever the text, the answer is archives or a fault', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'deb ',
      '[',
      ']',
      'arch=',
      '"',
      '#',
      ' ',
      '\n',
      'http://h/d',
      './',
      'Types: deb',
      ':',
      'signed-by=',
    ),
    fc.string({ unit: 'binary', maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), pieces => {
      for (const parse of [parseSourcesList, parseSourcesStanzas]) {
        try {
          parse(pieces.join(''), 'f')
        } catch (error) {
          if (!isFault(error, 'APT_SOURCES_MALFORMED')) throw error
        }
      }
    }),
    { seed: 822, numRuns: 500 },
  )
})
