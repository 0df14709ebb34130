import { Fault, isFault, isJsonObject, redacted } from '../kernel/index.ts'
import { noService, postKey, type RevisionService } from './ask-revision.ts'
import type { UpstreamRevisions } from './assign.ts'
import { nobodysKey, type RevisionKey } from './key.ts'
import { depthOf, greatestDepth, isRevision, laterOf, type Revision } from './revision-number.ts'
import type { TableKind } from './table.ts'
import { readKind } from './table-kind.ts'

/** What a service says about a key without changing anything. */
export interface LookupAnswer extends TableKind, UpstreamRevisions {}

/** Longer than a service needs, shorter than a client waits. */
const patienceMilliseconds = 5_000

/**
 * Asks the service that is extended.
 *
 * @throws {Fault} `REVISION_UNAVAILABLE` when it cannot be reached or answers with something else
 */
export async function askUpstream(service: RevisionService, key: RevisionKey): Promise<LookupAnswer> {
  const signal = AbortSignal.timeout(patienceMilliseconds)
  try {
    const { body, url } = await postKey(service, { path: 'v1/lookup', key, attempts: 2 }, signal)
    return readLookup(body, url)
  } catch (error) {
    if (!isFault(error) && !signal.aborted) throw error
    throw new Fault('REVISION_UNAVAILABLE', {
      message: `the service that is extended cannot be asked: ${isFault(error) ? error.message : `${redacted(service.url)} is silent`}`,
      hint: 'Ask again when it answers; what was known of it before is answered meanwhile, with history.',
      context: { reason: 'upstream' },
      cause: error,
    })
  }
}

/** The depth of the service that extends it. */
export async function depthBelow(service: RevisionService): Promise<TableKind> {
  const { mode, depth } = await askUpstream(service, nobodysKey)
  if (depth < greatestDepth) return { mode, depth: depth + 1 }
  throw new Fault('USAGE_INVALID', {
    message: `${redacted(service.url)} is the last of ${greatestDepth} services that extend each other`,
    hint: 'Extend one of those before it.',
  })
}

/**
 * What the service that is extended says, for a table made to extend it.
 *
 * @throws {Fault} `REVISION_CONTRADICTED` when it is of another kind than it was
 */
export function checkedUpstream(answer: LookupAnswer, table: TableKind): UpstreamRevisions {
  if (answer.mode === table.mode && answer.depth === table.depth - 1) return answer
  throw new Fault('REVISION_CONTRADICTED', {
    message: `the service that is extended answers with ${answer.mode} and ${answer.depth} numbers, where ${table.mode} and ${table.depth - 1} are expected`,
    hint: 'Check `--upstream`: it is not the service that this table was made to extend.',
    context: { mode: answer.mode, depth: answer.depth },
  })
}

function readLookup(body: unknown, url: URL): LookupAnswer {
  if (!isJsonObject(body)) throw noService(url, 'answered with no object')
  const kind = readKind(body)
  if (kind === undefined) throw noService(url, 'does not say how it numbers')
  const revision = optionalRevision(body.revision, kind.depth, url)
  return { ...kind, revision, newest: laterOf(revision, optionalRevision(body.newest, kind.depth, url)) }
}

function optionalRevision(value: unknown, depth: number, url: URL): Revision | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && isRevision(value) && depthOf(value) <= depth) return value
  throw noService(url, 'answered with no revision')
}
