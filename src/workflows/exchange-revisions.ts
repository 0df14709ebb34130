import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { decodeUtf8, Fault, type Session } from '../kernel/index.ts'
import { type RevisionTable, readExport, type TableUse, writeExport } from '../revision/index.ts'
import { openTable } from '../revision/open-table.ts'
import { placeOfTable } from './revision-places.ts'
import { replaceTextFile } from './text-file.ts'
import type { World } from './world.ts'

export interface ExchangeRequest {
  readonly database: string
  /** Absolute. */
  readonly path: string
}

/** A line is a key and a revision. */
const longestLine = 4096

/**
 * Writes the revisions of a database to a file, whole or not at all.
 *
 * @throws {Fault} `REVISION_TABLE_MISMATCH` when there is no database; `OUTPUT_UNWRITABLE`, `DISK_FULL`, `REVISION_UNAVAILABLE`
 */
export async function exportRevisions(
  { database, path }: ExchangeRequest,
  session: Session,
  world: World,
): Promise<{ readonly revisions: number }> {
  return withTable(database, { kind: 'read' }, world, async table => {
    let lines = 0
    const text = async function* () {
      let gathered = ''
      for await (const line of writeExport(table)) {
        session.signal.throwIfAborted()
        lines += 1
        gathered += line
        if (gathered.length < 65_536) continue
        yield gathered
        gathered = ''
      }
      yield gathered
    }
    await replaceTextFile(path, text())
    // Without the first and the last line.
    return { revisions: lines - 2 }
  })
}

/**
 * Adds what an export has to a database, all of it or nothing.
 *
 * @throws {Fault} `REVISION_EXPORT_MALFORMED`, `REVISION_CONTRADICTED`, `REVISION_TABLE_MISMATCH`, `REVISION_UNAVAILABLE`
 */
export async function importRevisions(
  { database, path }: ExchangeRequest,
  session: Session,
  world: World,
): Promise<{ readonly added: number; readonly revisions: number }> {
  const { mode, depth, rows } = await readExport(linesOf(path, session))
  return withTable(database, { kind: 'write', mode, depth }, world, async table => ({
    added: await table.add(rows),
    revisions: await table.count(),
  }))
}

async function withTable<Result>(
  database: string,
  use: TableUse,
  world: World,
  work: (table: RevisionTable) => Promise<Result>,
): Promise<Result> {
  const table = await openTable(await placeOfTable(database, world), use, world)
  try {
    return await work(table)
  } finally {
    await table.close()
  }
}

async function* linesOf(path: string, { signal }: Session): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunksOf(path)) {
    signal.throwIfAborted()
    let start = 0
    const whole = Buffer.concat([rest, chunk])
    for (let end = whole.indexOf(0x0a); end !== -1; end = whole.indexOf(0x0a, start)) {
      yield textOf(whole.subarray(start, end))
      start = end + 1
    }
    rest = whole.subarray(start)
    if (rest.length > longestLine) throw unreadable(path, `has a line of more than ${longestLine} bytes`)
  }
  if (rest.length > 0) throw unreadable(path, 'ends within a line')

  function textOf(line: Uint8Array): string {
    const text = decodeUtf8(line)
    if (text === undefined) throw unreadable(path, 'is not UTF-8 text')
    return text
  }
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  let handle: Awaited<ReturnType<typeof open>>
  try {
    // Without O_NONBLOCK opening a pipe waits for its writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw unreadable(path, `cannot be read: ${cause instanceof Error && 'code' in cause ? String(cause.code) : ''}`)
  }
  try {
    if (!(await handle.stat()).isFile()) throw unreadable(path, 'is no regular file')
    yield* handle.createReadStream({ autoClose: false })
  } finally {
    await handle.close()
  }
}

function unreadable(path: string, problem: string): Fault {
  return new Fault('REVISION_EXPORT_MALFORMED', {
    message: `${basename(path)} ${problem}`,
    hint: 'Nothing was changed. Import a file that `aptroot revision export` wrote, whole and as it was.',
    context: { file: basename(path) },
  })
}
