import { createRequire } from 'node:module'
import { join } from 'node:path'
import { assignBatch, isSameRow, lineOf, placeOf, textOfKey } from '../../src/revision/assign-batch.ts'
import { contradiction } from '../../src/revision/contradiction.ts'
import { type RevisionKey, readExport, writeExport } from '../../src/revision/index.ts'
import { laterOf, type Revision, sortableOf } from '../../src/revision/revision-number.ts'
import { findSqliteDriver } from '../../src/revision/sqlite-driver.ts'
import type { RevisionRow, RevisionTable, TableKind } from '../../src/revision/table.ts'

/** A table that nothing survives, searched in the plainest way: for tests of what stands on a table, and beside the real ones. */
export function memoryTable(
  kind: TableKind = { mode: 'history', depth: 1 },
): RevisionTable & { readonly all: RevisionRow[] } {
  const all: RevisionRow[] = []
  const latest = (isWanted: (row: RevisionRow) => boolean): Revision | undefined =>
    all.filter(isWanted).reduce<Revision | undefined>((found, { revision }) => laterOf(found, revision), undefined)
  const knownOf = (key: RevisionKey) => ({
    newest: latest(row => lineOf(row) === lineOf(key)),
    ofVersion: latest(row => lineOf(row) === lineOf(key) && row.version === key.version),
    ofChecksum: latest(row => textOfKey(row) === textOfKey(key)),
  })
  return {
    ...kind,
    all,
    lookUp: async keys => keys.map(knownOf),
    assign: async requests => {
      const bound = new Map(all.map(row => [placeOf(row), row]))
      const outcome = assignBatch(kind, { requests, known: requests.map(({ key }) => knownOf(key)), bound })
      all.push(...outcome.added)
      return outcome.answers
    },
    async *rows() {
      const order = (row: RevisionRow) => `${lineOf(row)} ${sortableOf(row.revision)}`
      yield* [...all].sort((left, right) => (order(left) < order(right) ? -1 : 1))
    },
    add: async rows => {
      const added: RevisionRow[] = []
      for await (const row of rows) {
        const same = all.find(each => placeOf(each) === placeOf(row))
        if (same !== undefined && !isSameRow(same, row)) throw contradiction(same, row)
        if (same === undefined) added.push(row)
      }
      all.push(...added)
      return added.length
    },
    count: async () => all.length,
    close: async () => undefined,
  }
}

/** Why there is no SQLite here; undefined when there is. */
export function whyNoSqlite(): string | undefined {
  try {
    // From the repository's folder: a bundled script lies elsewhere.
    findSqliteDriver(createRequire(join(process.cwd(), 'package.json')))
    return undefined
  } catch (error) {
    return `${(error as Error).message} (.ci/run shows how to install it here)`
  }
}

/** `npm test` runs on a Node of any age and installs nothing; the system tests, which run the same rules, insist. */
export function skippedWithoutSqlite(): boolean {
  const missing = whyNoSqlite()
  if (missing !== undefined) process.stderr.write(`\n*** SKIPPED: ${missing}\n`)
  return missing !== undefined
}

/** A key of a few packages, versions and architectures; the checksum is made of a word. */
export function keyOf(word: string, changes: Partial<RevisionKey> = {}): RevisionKey {
  const checksum = Buffer.from(word).toString('hex').padEnd(64, '0').slice(0, 64)
  return { package: 'hello', version: '2.10', architecture: 'amd64', ...changes, checksum }
}

export async function exported(table: RevisionTable): Promise<string> {
  let text = ''
  for await (const line of writeExport(table)) text += line
  return text
}

export async function imported(table: RevisionTable, text: string): Promise<number> {
  const { rows } = await readExport(linesOf(text))
  return table.add(rows)
}

export async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.replace(/\n$/, '').split('\n')
}
