import { Fault, quoted } from '../kernel/index.ts'
import type { SourceReference } from './binary-package.ts'
import { isPackageName } from './package-name.ts'
import { versionProblem } from './version.ts'

/** A binary-only rebuild: the same source, built again (`1.2-3+b1`). */
export interface BinaryRebuild {
  /** The version without the suffix. */
  readonly sourceVersion: string
  /** The digits after `+b`, as written. */
  readonly rebuild: string
}

/**
 * Takes the `+bN` suffix of a binary-only rebuild off a version.
 *
 * @returns undefined when the version has no such suffix; `+deb12u1` and `+bpo12+1` are part of the source's version
 * @see Debian Developer's Reference 5.10.2.1
 */
export function parseBinaryRebuild(version: string): BinaryRebuild | undefined {
  const mark = version.lastIndexOf('+b')
  if (mark <= 0) return undefined
  const rebuild = version.slice(mark + 2)
  return /^[0-9]+$/.test(rebuild) ? { sourceVersion: version.slice(0, mark), rebuild } : undefined
}

/**
 * Reads the Source field of a binary package: `glibc`, `glibc (2.36-9)`, or absent where the source has the name and
 * version of the binary package (Debian Policy 5.6.1).
 *
 * @throws {Fault} `RELATION_MALFORMED`
 */
export function parseSourceReference(
  field: string | undefined,
  binary: { readonly name: string; readonly version: string },
): SourceReference {
  if (field === undefined || field === '') return { name: binary.name, version: binary.version }
  const match = /^([^\s()]+)(?:\s*\(\s*([^\s()]+)\s*\))?$/.exec(field)
  const name = match?.[1]
  const version = match?.[2] ?? binary.version
  if (name === undefined || !isPackageName(name)) throw malformed(field, 'a name, or "name (version)", was expected')
  const problem = versionProblem(version)
  if (problem !== undefined) throw malformed(field, `${quoted(version)} is not a version: ${problem}`)
  return { name, version }
}

function malformed(field: string, problem: string): Fault {
  return new Fault('RELATION_MALFORMED', {
    message: `${quoted(field)} does not name a source package: ${problem}`,
    hint: 'See Debian Policy 5.6.1.',
    context: { field },
  })
}
