import type { Stanza } from '../debian-control-parser/index.ts'
import { linesOf, readSingleStanza } from '../debian-control-parser/index.ts'
import { Fault, isSha256, quoted } from '../kernel/index.ts'
import { isPackageName } from './package-name.ts'
import { poolPathProblem } from './pool-path.ts'
import { versionProblem } from './version.ts'

/** A source package as an archive's Sources file lists it. */
export interface SourcePackage {
  readonly name: string
  readonly version: string
  /** Of its files below the archive's address, no trailing slash; empty for the archive's own folder. */
  readonly directory: string
  /** The `.dsc` and what it names; at least one. */
  readonly files: readonly SourceFile[]
  /** As it stands in Sources, ending in a newline. */
  readonly stanza: Uint8Array
}

export interface SourceFile {
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
}

/** A name and version of a source: `nginx_1.22.1-9`. Neither part may hold an underscore. */
export function sourceKey({ name, version }: Pick<SourcePackage, 'name' | 'version'>): string {
  return `${name}_${version}`
}

/**
 * Reads a stanza of Sources (Debian Policy 5.4, with Package in place of Source, and Directory).
 *
 * @param where for messages: the index that has it
 * @throws {Fault} `INDEX_MALFORMED` for what cannot be fetched or could lie elsewhere than in the archive's pool
 */
export function readSourcePackage(bytes: Uint8Array, where: string): SourcePackage {
  const stanza = parsed(bytes, where)
  const name = stanza.field('Package') ?? ''
  const version = stanza.field('Version') ?? ''
  if (!isPackageName(name)) throw malformed(where, `${quoted(name)} is no name of a source`)
  const problem = versionProblem(version)
  if (problem !== undefined) throw malformed(where, `${quoted(version)} is no version: ${problem}`)
  const directory = (stanza.field('Directory') ?? '').replace(/^\.$/, '')
  const files = linesOf(stanza.field('Checksums-Sha256') ?? '').flatMap(line => fileOf(line, directory, where) ?? [])
  if (files.length === 0) throw malformed(where, `${sourceKey({ name, version })} lists no file with its SHA256`)
  const text = Buffer.from(bytes).toString('latin1').trimEnd()
  return { name, version, directory, files, stanza: Buffer.from(`${text}\n`, 'latin1') }
}

function fileOf(line: string, directory: string, where: string): SourceFile | undefined {
  if (line.trim() === '') return undefined
  const [sha256 = '', size = '', name = '', ...more] = line.trim().split(/\s+/)
  const path = directory === '' ? name : `${directory}/${name}`
  const problem = name.includes('/') ? 'its name has a slash' : poolPathProblem(path)
  if (!isSha256(sha256) || !/^\d{1,15}$/.test(size) || more.length > 0 || problem !== undefined)
    throw malformed(
      where,
      `${quoted(line.trim())} names no file of a source${problem === undefined ? '' : `: ${problem}`}`,
    )
  return { name, sizeBytes: Number(size), sha256 }
}

function parsed(bytes: Uint8Array, where: string): Stanza {
  try {
    return readSingleStanza(bytes)
  } catch (cause) {
    throw malformed(where, cause instanceof Error ? cause.message : 'it does not parse', cause)
  }
}

function malformed(where: string, problem: string, cause?: unknown): Fault {
  return new Fault('INDEX_MALFORMED', {
    message: `${where} has a stanza that cannot be used: ${problem}`,
    hint: 'The archive published a broken index: report it to its maintainers, or leave the sources out.',
    context: { file: where, problem },
    cause,
  })
}
