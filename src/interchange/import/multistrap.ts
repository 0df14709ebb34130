import { quoted } from '../../kernel/index.ts'
import type { KeyringName } from '../../manifest/index.ts'
import { judgeSource } from '../apt-source.ts'
import {
  type ForeignArchive,
  type ForeignProject,
  importFault,
  newestSnapshot,
  nothingForeign,
} from './foreign-project.ts'
import { generalKeys, type MultistrapKey, sectionKeys } from './multistrap-keys.ts'

interface Section {
  readonly name: string
  readonly line: number
  /** Keys in lower case; of a repeated `packages` all values. */
  readonly values: ReadonlyMap<string, { readonly value: string; readonly line: number }>
}

/**
 * Reads a multistrap configuration: the sections that `bootstrap` lists, with their packages. Every key is carried over, needless, or named in the notes
 * with what to do instead; so is a key that multistrap does not know, which it passes over in silence.
 *
 * @throws {Fault} `IMPORT_MALFORMED`, `APT_SOURCES_MALFORMED`
 * @see multistrap(1)
 */
export function readMultistrap(text: string, fileName: string): ForeignProject {
  const sections = sectionsOf(text, fileName)
  const general = sections.find(({ name }) => name === 'general')
  if (general === undefined) throw importFault(fileName, 'there is no section [General]')
  const notes: string[] = notesAbout(general, generalKeys)
  const listed = words(valueOfKey(general, 'bootstrap') ?? valueOfKey(general, 'debootstrap')).map(each =>
    each.toLowerCase(),
  )
  const chosen = sections.filter(section => section !== general && listed.includes(section.name))
  const missing = listed.find(name => !sections.some(section => section.name === name))
  if (missing !== undefined) throw importFault(fileName, `bootstrap lists ${quoted(missing)}, which is no section`)
  for (const section of sections)
    if (section === general) continue
    else if (chosen.includes(section)) notes.push(...notesAbout(section, sectionKeys))
    else notes.push(`section ${quoted(section.name)}: left out, since bootstrap does not list it`)
  const isOn = (key: string) => /^(?:true|yes|1)$/i.test(valueOfKey(general, key) ?? '')
  const native = valueOfKey(general, 'arch')
  const archives = chosen.flatMap(section => archivesOf(section, { fileName, notes, isUnsigned: isOn('noauth') }))
  return {
    ...nothingForeign,
    format: 'configuration of multistrap',
    packages: chosen.flatMap(section => itemsOf(section, isOn('explicitsuite'))),
    architectures: native === undefined ? [] : [[native, ...words(valueOfKey(general, 'multiarch'))].join('+')],
    archives,
    base: isOn('omitrequired') ? 'none' : isOn('addimportant') ? 'important' : 'required',
    recommends: isOn('allowrecommends') ? 'follow' : 'skip',
    snapshot: newestSnapshot(archives.flatMap(each => each.source.uris)),
    notes,
  }
}

function itemsOf(section: Section, isExplicit: boolean): readonly string[] {
  const suite = valueOfKey(section, 'suite')
  const foreign = valueOfKey(section, 'architecture')
  return [...words(valueOfKey(section, 'packages')), ...words(valueOfKey(section, 'additional'))].map(
    name =>
      `${name}${foreign === undefined ? '' : `:${foreign}`}${isExplicit && suite !== undefined ? `/${suite}` : ''}`,
  )
}

const keyringByPackage: Readonly<Record<string, KeyringName>> = {
  'debian-archive-keyring': 'debian-archive',
  'ubuntu-keyring': 'ubuntu-archive',
}

function archivesOf(
  section: Section,
  {
    fileName,
    notes,
    isUnsigned,
  }: { readonly fileName: string; readonly notes: string[]; readonly isUnsigned: boolean },
): readonly ForeignArchive[] {
  const place = { file: fileName, line: section.line }
  const components = words(valueOfKey(section, 'components'))
  const suite = valueOfKey(section, 'suite')
  const judged = judgeSource({
    place,
    types: ['deb'],
    uris: words(valueOfKey(section, 'source')),
    suites: suite === undefined ? [] : [suite],
    components: components.length > 0 || suite?.endsWith('/') === true ? components : ['main'],
    options: new Map(),
  })
  notes.push(...judged.notes.map(({ message }) => `section ${quoted(section.name)}: ${message}`))
  const keyring = valueOfKey(section, 'keyring')
  const named = Object.hasOwn(keyringByPackage, keyring ?? '') ? keyringByPackage[keyring ?? ''] : undefined
  if (keyring !== undefined && named === undefined && !isUnsigned)
    notes.push(`section ${quoted(section.name)}: the keys of ${quoted(keyring)} are not known to aptroot`)
  const keys = isUnsigned
    ? ({ kind: 'none-asked-for' } as const)
    : named === undefined
      ? undefined
      : ({ kind: 'named', name: named } as const)
  return judged.sources.map(source => ({ source, keys }))
}

function notesAbout({ name, values }: Section, known: Readonly<Record<string, MultistrapKey>>): string[] {
  return [...values].flatMap(([key, { value, line }]) => {
    const what = Object.hasOwn(known, key) ? known[key] : undefined
    // An empty value is a default that somebody wrote down, or kept from an example; so are `false` and the like.
    if (what === undefined) return [`line ${line}: ${quoted(key)} in section ${quoted(name)} is no key of multistrap`]
    if (what.kind !== 'refused' || /^(?:|false|no|0)$/i.test(value)) return []
    return [`line ${line}: ${key} was left out: ${what.instead}`]
  })
}

function sectionsOf(text: string, fileName: string): readonly Section[] {
  const sections: { name: string; line: number; values: Map<string, { value: string; line: number }> }[] = []
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const written = raw.trim()
    if (written === '' || written.startsWith('#') || written.startsWith(';')) continue
    const header = /^\[(.+)\]$/.exec(written)?.[1]?.trim().toLowerCase()
    const section = sections.at(-1)
    if (header !== undefined) {
      if (sections.some(({ name }) => name === header))
        throw importFault(fileName, `line ${at + 1}: the section ${quoted(header)} stands here a second time`)
      sections.push({ name: header, line: at + 1, values: new Map() })
      continue
    }
    const equals = written.indexOf('=')
    if (section === undefined || equals <= 0)
      throw importFault(fileName, `line ${at + 1}: ${quoted(written.slice(0, 80))} is neither [SECTION] nor KEY=VALUE`)
    const key = written.slice(0, equals).trim().toLowerCase()
    const value = written.slice(equals + 1).trim()
    const before = section.values.get(key)
    if (before !== undefined && key !== 'packages')
      throw importFault(fileName, `line ${at + 1}: ${quoted(key)} stands here a second time`)
    section.values.set(key, { value: before === undefined ? value : `${before.value} ${value}`, line: at + 1 })
  }
  return sections
}

function valueOfKey({ values }: Section, key: string): string | undefined {
  const value = values.get(key)?.value
  return value === '' ? undefined : value
}

function words(value: string | undefined): string[] {
  return (value ?? '').split(/[\s,]+/).filter(each => each !== '')
}
