import { versionProblem } from '../debian/index.ts'
import { canonicalJson, compareBytes, isJsonObject, isSha256, parsedJson } from '../kernel/index.ts'
import type { ObjectName } from '../store/index.ts'

/** A file that a build left. */
export interface BuildOutput {
  readonly name: string
  readonly sha256: string
  readonly sizeBytes: number
}

/** These inputs gave these files. It proves nothing: it is believed from the own store, or under the signature of a trusted key. */
export interface BuildRecord {
  /** See `buildKey`. */
  readonly key: string
  readonly packageName: string
  /** What the debs are called, revision included. */
  readonly version: string
  readonly architecture: string
  /** By name, in byte order. */
  readonly outputs: readonly [BuildOutput, ...BuildOutput[]]
}

/** What identifies a record: a revision names other debs of the same inputs. */
export type RecordIdentity = Pick<BuildRecord, 'key' | 'version'>

/** The store's name of a record. */
export function recordObject({ key, version }: RecordIdentity): ObjectName {
  return { kind: 'package-build', key: `${key} ${version}` }
}

const recordFormat = 1
/** A source package of a thousand debs comes nowhere near. */
export const maximumOutputs = 2000
export const maximumRecordBytes = 1024 * 1024

const outputName = /^[A-Za-z0-9][A-Za-z0-9.+_~%:-]{0,254}$/

/** Why a file of a build cannot be kept under its name: it becomes a file name on other machines. Byte strings. */
export function outputNameProblem(name: string): string | undefined {
  if (outputName.test(name)) return undefined
  return name.length > 255 ? 'it is too long' : 'it has other characters than letters, digits and .+_~%:-'
}

export function writeBuildRecord({ outputs, ...record }: BuildRecord): string {
  return `${canonicalJson({
    record: recordFormat,
    ...record,
    outputs: [...outputs]
      .sort((left, right) => compareBytes(left.name, right.name))
      .map(({ name, sha256, sizeBytes }) => ({ name, sha256, sizeBytes })),
  })}\n`
}

/**
 * Reads a record, whoever wrote it.
 *
 * @param wanted what it was asked for: a sound record of something else is none of this
 * @returns why it is none, in words that follow "it"
 */
export function readBuildRecord(
  text: string,
  wanted: RecordIdentity,
): { readonly kind: 'record'; readonly record: BuildRecord } | { readonly kind: 'problem'; readonly problem: string } {
  const record = recordOf(text)
  if (record === undefined) return { kind: 'problem', problem: 'is no record of a build' }
  if (record.key !== wanted.key) return { kind: 'problem', problem: `is the record of the build ${record.key}` }
  if (record.version !== wanted.version) return { kind: 'problem', problem: 'is the record of another version' }
  return { kind: 'record', record }
}

function recordOf(text: string): BuildRecord | undefined {
  if (text.length > maximumRecordBytes) return undefined
  const value = parsedJson(text)
  if (!isJsonObject(value) || value.record !== recordFormat) return undefined
  const { key, packageName, version, architecture, outputs } = value
  if (typeof key !== 'string' || !isSha256(key)) return undefined
  if (typeof packageName !== 'string' || typeof architecture !== 'string') return undefined
  if (typeof version !== 'string' || versionProblem(version) !== undefined) return undefined
  if (!Array.isArray(outputs) || outputs.length > maximumOutputs) return undefined
  const files = outputs.map(outputOf)
  const [first, ...rest] = files.filter(each => each !== undefined)
  if (first === undefined || rest.length + 1 < files.length) return undefined
  if (new Set(files.map(each => each?.name)).size < files.length) return undefined
  return { key, packageName, version, architecture, outputs: [first, ...rest] }
}

function outputOf(value: unknown): BuildOutput | undefined {
  if (!isJsonObject(value)) return undefined
  const { name, sha256, sizeBytes } = value
  if (typeof name !== 'string' || outputNameProblem(name) !== undefined) return undefined
  if (typeof sha256 !== 'string' || !isSha256(sha256)) return undefined
  if (typeof sizeBytes !== 'number' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return undefined
  return { name, sha256, sizeBytes }
}
