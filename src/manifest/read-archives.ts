import { checkArchitecture } from '../debian/index.ts'
import { didYouMean, quoted } from '../kernel/index.ts'
import { type ManifestNode, manifestFault, positionOf } from './manifest-node.ts'
import type { ArchiveDefinition, SignedBy } from './model.ts'
import { keyringNames } from './presets/keyring-armor.ts'
import {
  booleanOf,
  durationOf,
  type Fields,
  fieldsOf,
  listOf,
  nonEmpty,
  pathInProjectOf,
  placed,
  required,
  shapedListOf,
  shapedOf,
  stringOf,
} from './read-values.ts'

export const archiveKeys = {
  of: 'an archive',
  keys: [
    'id',
    'uri',
    'mirrors',
    'suites',
    'components',
    'architectures',
    'signed-by',
    'trusted',
    'snapshot',
    'max-age',
    'security',
  ],
  later: ['fallback'],
} as const

type ArchiveFields = Fields<(typeof archiveKeys.keys)[number]>

export function readArchive(node: ManifestNode): ArchiveDefinition {
  const fields = fieldsOf(node, archiveKeys)
  const suites = readSuites(fields)
  const { snapshot, architectures, security } = fields
  const maximumAge = fields['max-age']
  return {
    id: shapedOf(required(fields.id, fields.node, '`id` of an archive'), '`id`', {
      is: 'archiveId',
      like: 'a short name such as debian-security',
    }),
    uris: readUris(fields),
    suites,
    components: readComponents(fields, suites),
    architectures:
      architectures === undefined
        ? undefined
        : nonEmpty(
            listOf(architectures, '`architectures`', { item: readArchitecture, identity: name => name }),
            architectures,
            '`architectures`',
          ),
    trust: readTrust(fields),
    snapshot: snapshot === undefined ? undefined : readSnapshot(snapshot),
    maxAgeSeconds: maximumAge === undefined ? undefined : durationOf(maximumAge, '`max-age`'),
    security: security === undefined ? false : booleanOf(security, '`security`'),
    position: positionOf(node),
  }
}

function readArchitecture(node: ManifestNode): string {
  const name = stringOf(node, 'an architecture')
  placed(node, () => checkArchitecture(name))
  return name
}

function readUris(fields: ArchiveFields): readonly [string, ...string[]] {
  const { uri, mirrors, node } = fields
  const first = uri === undefined ? [] : [readUri(uri)]
  const others =
    mirrors === undefined ? [] : listOf(mirrors, '`mirrors`', { item: readUri, identity: address => address })
  const repeated = others.indexOf(first[0] ?? '')
  if (repeated >= 0 && mirrors?.kind === 'list') {
    throw manifestFault(mirrors.items[repeated] ?? mirrors, {
      message: `the mirror ${quoted(first[0] ?? '')} is the \`uri\` already`,
      hint: 'Remove it from `mirrors`: they are tried after `uri`.',
    })
  }
  return nonEmpty([...first, ...others], mirrors ?? required(uri, node, '`uri` of an archive'), '`mirrors`')
}

/** `me:secret@` before the host, or what can be no host and port because the password has a slash: `me:sec/ret@`. */
const credentials = /^[a-z+]+:\/\/(?:[^/]*|[^/:[]*:(?:[^/]*[^/0-9][^/]*)?\/.*)@/i

function readUri(node: ManifestNode): string {
  // Said without the address: the message may end up in the log of a build.
  if (credentials.test(stringOf(node, 'the address'))) {
    throw manifestFault(node, {
      message: 'the address holds a user name or password',
      hint: 'Credentials belong into the settings of the site; see docs/settings.md.',
    })
  }
  const text = shapedOf(node, 'the address', {
    is: 'uri',
    like: 'http://HOST/PATH, https://HOST/PATH or file:///PATH',
  })
  if (URL.canParse(text)) return text
  throw manifestFault(node, { message: `the address ${quoted(text)} is no URL`, hint: 'Correct host and port.' })
}

function readSnapshot(node: ManifestNode): string {
  const text = readUri(node)
  if (text.split('{timestamp}').length === 2) return text
  throw manifestFault(node, {
    message: `\`snapshot\` ${quoted(text)} does not hold {timestamp} exactly once`,
    hint: 'Write an address like https://snapshot.example.org/archive/debian/{timestamp}.',
  })
}

function readSuites({ suites, node }: ArchiveFields): readonly [string, ...string[]] {
  const list = required(suites, node, '`suites` of an archive')
  const names = shapedListOf(
    list,
    { list: '`suites`', item: 'the suite' },
    {
      is: 'suite',
      like: 'bookworm, or ./ for a flat repository',
    },
  )
  return nonEmpty(names, list, '`suites`')
}

/** A suite that ends in a slash is the folder of a flat repository, which has no components (sources.list(5)). */
function readComponents({ components, suites, node }: ArchiveFields, names: readonly string[]): readonly string[] {
  const flat = names.filter(name => name.endsWith('/'))
  if (flat.length === 0) {
    const list = required(components, node, '`components` of an archive')
    const shape = { is: 'component', like: 'main' } as const
    return nonEmpty(shapedListOf(list, { list: '`components`', item: 'the component' }, shape), list, '`components`')
  }
  if (flat.length !== names.length) {
    throw manifestFault(suites ?? node, {
      message: `the suite ${quoted(flat[0] ?? '')} is a flat repository, the others are not`,
      hint: 'Make two archives of it.',
    })
  }
  if (components === undefined) return []
  throw manifestFault(components, {
    message: `the suite ${quoted(flat[0] ?? '')} is a flat repository, which has no components`,
    hint: 'Remove `components`, or the slash at the end of the suite.',
  })
}

function readTrust(fields: ArchiveFields): ArchiveDefinition['trust'] {
  const { trusted, node } = fields
  const signedBy = fields['signed-by']
  if (trusted !== undefined && signedBy !== undefined) {
    throw manifestFault(trusted, {
      message: '`trusted` and `signed-by` exclude each other: an archive that has a key needs no other reason',
      hint: 'Remove `trusted`.',
    })
  }
  if (trusted !== undefined) return { kind: 'unsigned', reason: readReason(trusted) }
  if (signedBy !== undefined) return { kind: 'signed-by', signedBy: readSignedBy(signedBy) }
  throw manifestFault(node, {
    message: 'the archive has neither `signed-by` nor `trusted`',
    hint: `Name its key: a file in the project, ASCII armor, or one of ${keyringNames().join(', ')}.`,
  })
}

function readReason(node: ManifestNode): string {
  const { reason, node: mapping } = fieldsOf(node, { of: '`trusted`', keys: ['reason'] })
  return shapedOf(required(reason, mapping, '`reason` of `trusted`'), '`reason`', { is: 'line', like: 'one line' })
}

function readSignedBy(node: ManifestNode): SignedBy {
  const text = stringOf(node, '`signed-by`')
  if (text.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')) return { kind: 'inline', armor: text }
  if (keyringNames().includes(text)) return { kind: 'named', name: text }
  // Without this a misspelt `debian-archiv` would be reported as a missing file.
  if (/^[a-z0-9-]+$/.test(text)) {
    throw manifestFault(node, {
      message: `${quoted(text)} is no key ring that aptroot has`,
      hint: [didYouMean(text, keyringNames()), `It has ${keyringNames().join(', ')}; a file is written as ./${text}.`]
        .filter(Boolean)
        .join(' '),
    })
  }
  return { kind: 'path', path: pathInProjectOf(node, '`signed-by`') }
}
