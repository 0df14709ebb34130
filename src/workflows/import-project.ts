import { basename } from 'node:path'
import type { ForeignArchive, ForeignProject } from '../interchange/index.ts'
import { Fault, groupBy, isFault, type Session, sortedByBytes } from '../kernel/index.ts'
import type { ArchiveText, DistributionPreset, PresetArchive } from '../manifest/index.ts'
import { archiveIdFor } from './archive-id.ts'
import { readTextFile } from './text-file.ts'

/** What another program's file becomes in a manifest. */
export interface ImportedProject {
  readonly foreign: ForeignProject
  /** Empty where the release has them all. */
  readonly archives: readonly ArchiveText[]
  /** The release that the archives belong to, where aptroot knows it. */
  readonly preset: DistributionPreset | undefined
}

/**
 * Reads a file of another program and finds archives and keys for it. What could not be carried over is warned about, each thing by its name.
 *
 * @param suite a release whose archives are taken instead of those that the file names
 * @throws {Fault} `IMPORT_MALFORMED`; `USAGE_INVALID` when there are no archives; `DISTRIBUTION_UNKNOWN`
 */
export async function importProject(
  path: string,
  suite: string | undefined,
  session: Session,
): Promise<ImportedProject> {
  const { readForeignProject } = await import('../interchange/index.ts')
  const { distributionPresets, presetOf } = await import('../manifest/index.ts')
  const fileName = basename(path)
  const text = await readTextFile(path, 'MANIFEST_FILE_MISSING').catch((error: unknown) => {
    if (!isFault(error)) throw error
    throw new Fault('USAGE_INVALID', {
      message: error.message,
      hint: 'Name the file to import.',
      context: error.context,
    })
  })
  const foreign = await readForeignProject(text, fileName)
  const warn = (message: string) =>
    session.journal.emit({ kind: 'warned', stage: 'archive', message: `${fileName}: ${message}` })
  for (const note of foreign.notes) warn(note)
  if (suite !== undefined) {
    if (foreign.archives.length > 0) warn('its archives were left out, since --suite names a release')
    return { foreign, archives: [], preset: presetOf(suite) }
  }
  const suites = foreign.archives.flatMap(({ source }) => source.suites)
  const preset = distributionPresets.find(each => each.archives.some(archive => suites.includes(archive.suites[0])))
  const usable = foreign.archives.flatMap(archive => {
    const known = preset?.archives.find(each => archive.source.suites.every(name => each.suites.includes(name)))
    const text = archiveTextOf(archive, known, fileName)
    if (text === undefined)
      warn(
        `${archive.source.uris[0]} was left out, since no key is known for it; \`aptroot archive add\` adds it with one`,
      )
    return text === undefined ? [] : [text]
  })
  if (usable.length === 0)
    throw new Fault('USAGE_INVALID', {
      message: `${fileName} names no archive that aptroot can use`,
      hint: 'Name the release as well, as in `aptroot init --from FILE --suite bookworm`.',
      context: { file: fileName },
    })
  const archives = joined(usable)
  return { foreign, archives: preset !== undefined && isWhole(preset, archives) ? [] : archives, preset }
}

/** Whether the archives are those of the release, at its own addresses: then its name says it all. */
function isWhole(preset: DistributionPreset, archives: readonly ArchiveText[]): boolean {
  const describe = ({ suites, components }: Pick<ArchiveText, 'suites' | 'components'>, uri: string): string =>
    JSON.stringify([uri, sortedByBytes(suites), sortedByBytes(components)])
  const asked = archives.map(archive => describe(archive, archive.uris[0]))
  const has = preset.archives.map(archive => describe(archive, archive.uri))
  return asked.length === has.length && has.every(each => asked.includes(each))
}

/** undefined where neither the file nor aptroot knows whose keys are to be trusted. */
function archiveTextOf(
  { source, keys }: ForeignArchive,
  known: PresetArchive | undefined,
  fileName: string,
): ArchiveText | undefined {
  // An address in a snapshot archive is one state for ever; the archive itself moves on, and `--snapshot` goes back.
  const isSnapshot = source.uris.some(uri => /\/\d{8}T\d{6}Z(?:\/|$)/.test(uri))
  const keyring = keys?.kind === 'named' ? keys.name : known?.keyring
  if (keyring === undefined && keys?.kind !== 'none-asked-for') return undefined
  const uris = isSnapshot && known !== undefined ? ([known.uri] as const) : source.uris
  return {
    id: archiveIdFor({ uris, suites: source.suites }, keyring === undefined ? 'vendor' : 'distribution', []),
    uris,
    suites: source.suites,
    components: source.components,
    architectures: source.architectures,
    trust:
      keys?.kind === 'none-asked-for'
        ? { kind: 'unsigned', reason: `${fileName} asked for no signatures` }
        : { kind: 'signed-by', signedBy: { kind: 'named', name: keyring ?? 'debian-archive' } },
    snapshot: known?.snapshot,
    maxAgeSeconds: undefined,
    security: source.suites.every(suite => suite.endsWith('-security')),
  }
}

/** Archives that differ in their suites alone are one; ids are made different. */
function joined(archives: readonly ArchiveText[]): readonly ArchiveText[] {
  const groups = [...groupBy(archives, ({ suites: _, snapshot: __, ...rest }) => JSON.stringify(rest)).values()]
  const taken: string[] = []
  return groups.flatMap(group => {
    const [first] = group
    if (first === undefined) return []
    const [suite, ...suites] = new Set(group.flatMap(each => each.suites))
    const id = taken.includes(first.id) ? `${first.id}-${taken.length + 1}` : first.id
    taken.push(id)
    const snapshot = group.find(each => each.snapshot !== undefined)?.snapshot
    return [{ ...first, id, snapshot, suites: [suite ?? first.suites[0], ...suites] as const }]
  })
}
