import { Fault, type JsonObject, quoted } from '../kernel/index.ts'
import { revisionModes } from './assign.ts'
import { greatestDepth } from './revision-number.ts'
import type { TableKind, TableUse } from './table.ts'

/** Raised when tables change; an older aptroot refuses newer ones. */
export const tableLayout = 1

/**
 * What a table is used as: what it was made for, or what it is made for now.
 *
 * @param found undefined: there is no table
 * @throws {Fault} `REVISION_TABLE_MISMATCH` when it was made for something else, or is not there to be read
 */
export function agreedKind(place: string, found: TableKind | undefined, use: TableUse): TableKind {
  if (use.kind === 'read') {
    if (found !== undefined) return found
    throw mismatch(
      `there are no revisions in ${place}`,
      'Name the database of a service with `--database`; `aptroot revision serve` makes one.',
    )
  }
  if (use.kind === 'extend' && (found === undefined || found.depth === 1)) throw use.error
  const mode = use.mode ?? found?.mode ?? 'history'
  const depth = (use.kind === 'write' ? use.depth : undefined) ?? found?.depth ?? 1
  if (found === undefined) return { mode, depth }
  if (found.mode !== mode)
    throw mismatch(
      `the revisions in ${place} were made with ${found.mode}, not with ${mode}`,
      `Leave \`--mode\` out, or begin a new table: old answers would contradict the other mode.`,
    )
  if (found.depth !== depth) throw mismatch(depthProblem(place, found.depth, depth), depthHint(found.depth, depth))
  return found
}

function depthProblem(place: string, found: number, wanted: number): string {
  if (found === 1) return `the revisions in ${place} are of a service of its own, which cannot begin to extend another`
  if (wanted === 1) return `the revisions in ${place} extend those of another service`
  return `the revisions in ${place} have ${found} numbers, but those of a service that extends this one have ${wanted}`
}

function depthHint(found: number, wanted: number): string {
  if (found === 1) return 'Begin a new table for the service that extends another: its revisions are 4.1, 4.2, …'
  return wanted === 1
    ? 'Name that service with `--upstream`.'
    : 'Name the service that the table was made with as `--upstream`.'
}

/** What a record, an export or a service says of its kind; undefined where that is none. */
export function readKind({ mode, depth }: JsonObject): TableKind | undefined {
  const known = revisionModes.find(each => each === mode)
  const isDepth = typeof depth === 'number' && Number.isInteger(depth) && depth >= 1 && depth <= greatestDepth
  return known !== undefined && isDepth ? { mode: known, depth } : undefined
}

/** @throws {Fault} `REVISION_TABLE_MISMATCH` when a newer aptroot has made it */
export function kindOfRecord(place: string, record: unknown): TableKind {
  const fields = (record ?? {}) as JsonObject
  const { layout } = fields
  if (typeof layout === 'number' && layout > tableLayout)
    throw mismatch(
      `the revisions in ${place} have layout ${layout}, newer than ${tableLayout}`,
      'Use the newer aptroot.',
    )
  const kind = readKind(fields)
  if (kind !== undefined) return kind
  throw mismatch(
    `${place} does not say how its revisions were made: mode ${quoted(String(fields.mode))}`,
    'Restore it from an export.',
  )
}

function mismatch(message: string, hint: string): Fault {
  return new Fault('REVISION_TABLE_MISMATCH', { message, hint })
}
