import { setTimeout } from 'node:timers/promises'
import { Pool } from 'undici'
import { placeOf, textOfKey } from '../../src/revision/assign-batch.ts'
import {
  compareRevisions,
  type Revision,
  type RevisionKey,
  type RevisionMode,
  type RevisionRow,
} from '../../src/revision/index.ts'
import { keyOf } from './revision-table.ts'
import type { SeededRandom } from './seeded-random.ts'

/** What a client was told, and between which two moments. */
export interface ToldRevision {
  readonly key: RevisionKey
  readonly revision: Revision
  readonly known: boolean
  readonly askedMilliseconds: number
  readonly toldMilliseconds: number
}

export interface Load {
  /** Of the services, all on one database. */
  readonly urls: readonly string[]
  readonly clients: number
  readonly requests: number
  readonly random: SeededRandom
  readonly keyAt: (random: SeededRandom) => RevisionKey
}

export interface LoadReport {
  readonly told: readonly ToldRevision[]
  /** Requests that got no answer, or 503, and were sent again. */
  readonly repeated: number
  /** Answers that should not have been. */
  readonly complaints: readonly string[]
  readonly seconds: number
}

/** Few packages and many checksums, as where a farm builds branches of the same sources: most questions contend for a number. */
export function contendedKey(random: SeededRandom): RevisionKey {
  return keyOf(`c${random.below(300)}`, {
    package: `pkg${random.below(6)}`,
    version: random.pick(['1.0', '1.1']),
    architecture: random.pick(['amd64', 'arm64']),
  })
}

/** Clients ask one question after the other, of any of the services, until each is answered. */
export async function runLoad({ urls, clients, requests, random, keyAt }: Load): Promise<LoadReport> {
  const pools = urls.map(url => new Pool(url, { connections: clients }))
  const questions = Array.from({ length: requests }, () => ({ key: keyAt(random), first: random.below(urls.length) }))
  const told: ToldRevision[] = []
  const complaints: string[] = []
  let repeated = 0
  let next = 0
  const client = async () => {
    for (let at = next++; at < questions.length; at = next++) {
      const { key, first } = questions[at] as (typeof questions)[number]
      for (let attempt = 0; ; attempt++) {
        const askedMilliseconds = performance.now()
        const answer = await ask(pools[(first + attempt) % pools.length] as Pool, key)
        if (answer.kind === 'told') {
          const { revision, known } = answer
          told.push({ key, revision, known, askedMilliseconds, toldMilliseconds: performance.now() })
          break
        }
        if (answer.kind === 'refused') {
          complaints.push(answer.text)
          break
        }
        repeated += 1
        await setTimeout(10)
      }
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: clients }, client))
  const seconds = (performance.now() - start) / 1000
  await Promise.all(pools.map(pool => pool.destroy()))
  return { told, repeated, complaints, seconds }
}

type Answer =
  | { readonly kind: 'told'; readonly revision: Revision; readonly known: boolean }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly text: string }

async function ask(pool: Pool, key: RevisionKey): Promise<Answer> {
  try {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/v1/revision',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${writerToken}` },
      body: JSON.stringify(key),
    })
    const text = await body.text()
    if (statusCode === 200) return { kind: 'told', ...(JSON.parse(text) as ToldRevision) }
    return statusCode === 503 ? { kind: 'nothing' } : { kind: 'refused', text: `${statusCode} ${text}` }
  } catch {
    // The service was killed: before it read, while it wrote, or in between.
    return { kind: 'nothing' }
  }
}

export const writerToken = 'a-token-of-the-tests-0123456789'

/** What was promised and not kept, of all that clients were told and what the table has in the end. */
export function loadComplaints(
  mode: RevisionMode,
  told: readonly ToldRevision[],
  rows: readonly RevisionRow[],
): readonly string[] {
  const complaints: string[] = []
  const byPlace = new Map<string, RevisionRow>()
  for (const row of rows) {
    if (byPlace.has(placeOf(row))) complaints.push(`${placeOf(row)} is there twice`)
    byPlace.set(placeOf(row), row)
  }
  const answers = new Map<string, Revision>()
  for (const { key, revision } of told) {
    const row = byPlace.get(placeOf({ ...key, revision }))
    if (row?.checksum !== key.checksum || row.version !== key.version)
      complaints.push(`${textOfKey(key)} was told ${revision}, which is ${row === undefined ? 'lost' : textOfKey(row)}`)
    const before = answers.get(textOfKey(key))
    if (mode === 'history' && before !== undefined && before !== revision)
      complaints.push(`${textOfKey(key)} was told ${before} and ${revision}`)
    answers.set(textOfKey(key), revision)
  }
  const lineOf = ({ key }: ToldRevision) => `${key.package} ${key.architecture}`
  complaints.push(
    ...decreases(
      told.filter(({ known }) => !known),
      lineOf,
    ),
  )
  if (mode === 'no-history') complaints.push(...decreases(told, each => `${lineOf(each)} ${each.key.version}`))
  return complaints
}

/** Within a group, what was asked after another answer had arrived must not be told less. */
function decreases(told: readonly ToldRevision[], groupOf: (each: ToldRevision) => string): readonly string[] {
  const complaints: string[] = []
  const byAsking = [...told].sort((left, right) => left.askedMilliseconds - right.askedMilliseconds)
  const byTelling = [...told].sort((left, right) => left.toldMilliseconds - right.toldMilliseconds)
  const latest = new Map<string, Revision>()
  let arrived = 0
  for (const each of byAsking) {
    for (; (byTelling[arrived]?.toldMilliseconds ?? Number.POSITIVE_INFINITY) < each.askedMilliseconds; arrived++) {
      const earlier = byTelling[arrived] as ToldRevision
      const known = latest.get(groupOf(earlier))
      if (known === undefined || compareRevisions(known, earlier.revision) < 0)
        latest.set(groupOf(earlier), earlier.revision)
    }
    const before = latest.get(groupOf(each))
    if (before !== undefined && compareRevisions(before, each.revision) > 0)
      complaints.push(`${groupOf(each)} was told ${each.revision} after ${before}`)
  }
  return complaints
}
