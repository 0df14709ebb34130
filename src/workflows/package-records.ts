import { encodeUtf8, isFault, type Session } from '../kernel/index.ts'
import {
  type BuildInput,
  type BuildRecord,
  compareInputs,
  type InputChange,
  type RecordIdentity,
  readBuildRecord,
  recordObject,
  writeBuildRecord,
} from '../package-build/index.ts'
import type { ObjectName, Store } from '../store/index.ts'

/**
 * What this store knows of a build. Each output is read and hashed: a record whose outputs are not all there and sound is of no use, and
 * what is damaged is named.
 */
export async function findRecord(
  wanted: RecordIdentity,
  store: Store,
  session: Session,
): Promise<BuildRecord | undefined> {
  const bytes = await store.readRecord(recordObject(wanted))
  if (bytes === undefined) return undefined
  const read = readBuildRecord(Buffer.from(bytes).toString('utf8'), wanted)
  if (read.kind === 'problem') {
    warn(session, `the record of the build in this store ${read.problem}: it is not used`)
    return undefined
  }
  for (const output of read.record.outputs) {
    const verdict = await store.check(output)
    if (verdict === 'sound') continue
    const why = verdict === 'corrupt' ? 'is damaged in this store' : 'has left this store'
    warn(session, `${output.name} ${why}: its record is not used`)
    return undefined
  }
  return read.record
}

export async function keepRecord(record: BuildRecord, store: Store): Promise<void> {
  await store.putRecord(recordObject(record), encodeUtf8(writeBuildRecord(record)))
}

/** Inputs of the last build of a package, for telling what changed since. */
export interface LastBuild {
  readonly packageName: string
  readonly architecture: string
}

/** @returns undefined when the package was not built before, as far as this store knows */
export async function changesSince(
  last: LastBuild,
  inputs: readonly BuildInput[],
  store: Store,
): Promise<readonly InputChange[] | undefined> {
  const bytes = await store.readRecord(inputsObject(last))
  if (bytes === undefined) return undefined
  const before = JSON.parse(Buffer.from(bytes).toString('utf8')) as readonly BuildInput[]
  return compareInputs(before, inputs)
}

/** Never a fault: it tells people something, and nothing depends on it. */
export async function keepInputs(
  last: LastBuild,
  inputs: readonly BuildInput[],
  { store, session }: { readonly store: Store; readonly session: Session },
): Promise<void> {
  try {
    await store.putRecord(inputsObject(last), encodeUtf8(JSON.stringify(inputs)))
  } catch (error) {
    if (!isFault(error)) throw error
    const message = `the next build cannot tell what changed: ${error.message}`
    session.journal.emit({ kind: 'noted', stage: 'store', message })
  }
}

/** The revision that a checksum was last given, for those who are offline. */
export function revisionObject(key: string): ObjectName {
  return { kind: 'package-revision', key }
}

function inputsObject({ packageName, architecture }: LastBuild): ObjectName {
  return { kind: 'package-inputs', key: `${packageName} ${architecture}` }
}

function warn(session: Session, message: string): void {
  session.journal.emit({ kind: 'warned', stage: 'store', message })
}
