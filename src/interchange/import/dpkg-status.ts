import { ControlSyntaxError, readStanzas, type Stanza } from '../../debian-control-parser/index.ts'
import { encodeUtf8, groupBy } from '../../kernel/index.ts'
import {
  architecturesOf,
  type ForeignDeb,
  type ForeignProject,
  importFault,
  nothingForeign,
  pinnedItems,
} from './foreign-project.ts'

/**
 * Reads dpkg's database of a running system (/var/lib/dpkg/status): every installed package at the version it has.
 *
 * @throws {Fault} `IMPORT_MALFORMED`
 * @see dpkg(1), PACKAGE STATES
 */
export function readDpkgStatus(text: string, fileName: string): ForeignProject {
  const stanzas = stanzasOf(text, fileName)
  const installed = stanzas.filter(stanza => stateOf(stanza) === 'installed')
  const others = stanzas.filter(stanza => !['installed', 'config-files', 'not-installed'].includes(stateOf(stanza)))
  const debs = installed.map(
    (stanza): ForeignDeb => ({
      name: stanza.field('Package') ?? '',
      version: stanza.field('Version') ?? '',
      architecture: stanza.field('Architecture') ?? 'all',
    }),
  )
  const native = nativeOf(debs)
  const ofNative = debs.filter(deb => deb.architecture === native || deb.architecture === 'all')
  const foreign = debs.filter(deb => !ofNative.includes(deb))
  const packages = [
    ...pinnedItems(
      ofNative.map(deb => ({ ...deb, architecture: 'all' })),
      fileName,
    ),
    ...foreign.flatMap(deb =>
      pinnedItems([{ ...deb, architecture: 'all' }], fileName).map(qualified(deb.architecture)),
    ),
  ]
  return {
    ...nothingForeign,
    format: 'status file of dpkg',
    packages,
    architectures: native === undefined ? [] : [[native, ...architecturesOf(foreign)].join('+')],
    base: 'none',
    notes: [
      ...(others.length === 0
        ? []
        : [
            `${others.length} packages that are neither installed nor removed were left out, such as ${others[0]?.field('Package')}`,
          ]),
      'dpkg does not know which packages were asked for: every one is pinned by =VERSION; drop what others need',
      'an archive that moved on lacks old versions: `aptroot lock update --snapshot TIME` finds them',
    ],
  }
}

/** `libc6:i386=2.36-9` of `libc6=2.36-9`. */
function qualified(architecture: string): (item: string) => string {
  return item => item.replace('=', `:${architecture}=`)
}

/** That of dpkg itself, else the most frequent one. */
function nativeOf(debs: readonly ForeignDeb[]): string | undefined {
  const dpkg = debs.find(deb => deb.name === 'dpkg' && deb.architecture !== 'all')
  if (dpkg !== undefined) return dpkg.architecture
  const ranked = [...groupBy(debs, deb => deb.architecture)].filter(([name]) => name !== 'all')
  return ranked.toSorted(([, left], [, right]) => right.length - left.length)[0]?.[0]
}

/** The third word of `Status: install ok installed`. */
function stateOf(stanza: Stanza): string {
  return (stanza.field('Status') ?? '').trim().split(/\s+/)[2] ?? ''
}

function stanzasOf(text: string, fileName: string): readonly Stanza[] {
  try {
    return readStanzas(encodeUtf8(text), { comments: 'allowed' })
  } catch (error) {
    if (error instanceof ControlSyntaxError) throw importFault(fileName, `line ${error.line}: ${error.problem}`)
    throw error
  }
}
