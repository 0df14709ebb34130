import { quoted } from '../../kernel/index.ts'
import {
  architecturesOf,
  type ForeignDeb,
  type ForeignProject,
  type ForeignRecord,
  importFault,
  isRecord,
  missingForLock,
  newestSnapshot,
  nothingForeign,
  pinnedItems,
  textOf,
} from './foreign-project.ts'

/**
 * Reads a lock of repro-env: the packages of the system `debian`, at the versions they have there.
 *
 * @throws {Fault} `IMPORT_MALFORMED`
 * @see kpcyrd/repro-env, src/lockfile.rs
 */
export async function readReproEnvLock(text: string, fileName: string): Promise<ForeignProject> {
  const lock = await parseToml(text, fileName)
  const entries = lock.package ?? []
  if (!Array.isArray(entries) || !entries.every(isRecord)) throw importFault(fileName, '"package" is no list of tables')
  const ofDebian = entries.filter(entry => textOf(entry, 'system', fileName) === 'debian')
  const others = entries.length - ofDebian.length
  const debs = ofDebian.map(entry => debOf(entry, fileName))
  if (debs.length === 0) throw importFault(fileName, 'it has no package of the system "debian"')
  const image = isRecord(lock.container) && typeof lock.container.image === 'string' ? lock.container.image : undefined
  return {
    ...nothingForeign,
    format: 'lock of repro-env',
    packages: pinnedItems(debs, fileName),
    architectures: architecturesOf(debs),
    snapshot: newestSnapshot(ofDebian.map(entry => textOf(entry, 'url', fileName))),
    notes: [
      ...(image === undefined
        ? []
        : [`the container image ${quoted(image)} stays behind: \`base:\` and \`packages:\` say what a root has`]),
      ...bootstrapNotes(lock.container),
      ...(others === 0 ? [] : [`${others} packages of other systems than debian were left out`]),
      missingForLock(debs.length, 'sha256', ['size', 'source package', 'suite', 'signing key', 'needs']),
    ],
  }
}

/** Commands that the container ran before; nothing of them is in a manifest. */
function bootstrapNotes(container: unknown): readonly string[] {
  const commands = isRecord(container) && Array.isArray(container.bootstrap_cmd) ? container.bootstrap_cmd.length : 0
  if (commands === 0) return []
  return [`${commands} commands of bootstrap_cmd were left out: write your own steps to \`image.run\``]
}

/** The file's name has the architecture, and in older locks the only version; `%3a` is the colon of an epoch. */
function debOf(entry: ForeignRecord, fileName: string): ForeignDeb {
  const url = textOf(entry, 'url', fileName)
  const file = url.slice(url.lastIndexOf('/') + 1).replace(/%3a/gi, ':')
  const [, name = '', inName = '', architecture = ''] = /^([^_]+)_([^_]+)_([a-z0-9-]+)\.deb$/.exec(file) ?? []
  if (name === '') throw importFault(fileName, `${quoted(file)} is no name of a deb`)
  const version = textOf(entry, 'version', fileName)
  return { name, version: version === '???' ? inName : version, architecture }
}

async function parseToml(text: string, fileName: string): Promise<ForeignRecord> {
  const { parse } = await import('smol-toml')
  try {
    const document: unknown = parse(text, { maxDepth: 20 })
    if (isRecord(document)) return document
  } catch (error) {
    const [words = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw importFault(fileName, quoted(words.slice(0, 200)))
  }
  throw importFault(fileName, 'it is no table')
}
