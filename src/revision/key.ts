import { checkArchitecture, isPackageName, versionProblem } from '../debian/index.ts'
import { Fault, isFault, isSha256, quoted } from '../kernel/index.ts'

/** What is numbered. */
export interface RevisionKey {
  /** The source package: all debs that one build of it makes share a revision. */
  readonly package: string
  /** Of the source, without revision: what `{version}` of a template stands for. */
  readonly version: string
  /** What it is built for: a Debian architecture, or `all`. */
  readonly architecture: string
  /** sha256 of everything that goes into the build, the revision left out; 64 lower-case hex digits. */
  readonly checksum: string
}

/** A package that nobody has: asking about it tells whether, and what kind of, service answers. */
export const nobodysKey: RevisionKey = {
  package: 'aptroot',
  version: '0',
  architecture: 'all',
  checksum: '0'.repeat(64),
}

const fields = ['package', 'version', 'architecture', 'checksum'] as const

/** Longer names and versions would not fit into the name of a file. */
const greatestLength = 200

/**
 * Reads a key that somebody sent. Nothing else may stand beside the four texts.
 *
 * @throws {Fault} `REVISION_KEY_INVALID` that names the field
 * @see Debian Policy 5.6.1, 5.6.8, 5.6.12
 */
export function readRevisionKey(value: unknown): RevisionKey {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('the key', `is ${Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`}`)
  const given = value as Readonly<Record<string, unknown>>
  const unknown = Object.keys(given).find(name => !fields.some(field => field === name))
  if (unknown !== undefined) throw invalid(quoted(unknown), 'is no field of a key')
  const [name, version, architecture, checksum] = fields.map(field => textOf(given, field)) as [
    string,
    string,
    string,
    string,
  ]
  if (!isPackageName(name)) throw invalid('package', `${quoted(name)} is no name of a package`)
  const problem = versionProblem(version)
  if (problem !== undefined) throw invalid('version', `${quoted(version)} is no version: ${problem}`)
  if (architecture !== 'all') checkKnown(architecture)
  if (!isSha256(checksum)) throw invalid('checksum', `${quoted(checksum)} is not 64 lower-case hex digits`)
  return { package: name, version, architecture, checksum }
}

function textOf(given: Readonly<Record<string, unknown>>, field: string): string {
  const value = Object.hasOwn(given, field) ? given[field] : undefined
  if (value === undefined) throw invalid(field, 'is missing')
  if (typeof value !== 'string') throw invalid(field, `is ${value === null ? 'null' : `a ${typeof value}`}, no text`)
  if (value.length > greatestLength) throw invalid(field, `has ${value.length} characters, more than ${greatestLength}`)
  return value
}

function checkKnown(architecture: string): void {
  try {
    checkArchitecture(architecture)
  } catch (error) {
    throw isFault(error) ? invalid('architecture', error.message) : error
  }
}

function invalid(field: string, problem: string): Fault {
  return new Fault('REVISION_KEY_INVALID', {
    message: field === 'the key' ? `the key ${problem}` : `${field}: ${problem}`,
    hint: 'A key is {"package", "version", "architecture", "checksum"}: texts, the checksum a sha256 in 64 lower-case hex digits.',
    context: { field },
  })
}
