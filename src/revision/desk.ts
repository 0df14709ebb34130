import { Fault } from '../kernel/index.ts'
import type { RevisionAnswer, RevisionService } from './ask-revision.ts'
import { type KnownRevisions, revisionWithoutChange, type UpstreamRevisions } from './assign.ts'
import { gather } from './gather.ts'
import type { RevisionKey } from './key.ts'
import type { ServiceMetrics } from './metrics.ts'
import type { AssignmentRequest, RevisionTable, TableAnswer } from './table.ts'
import { askUpstream, checkedUpstream, type LookupAnswer } from './upstream.ts'

export type ServiceAccess = 'write' | 'read-only'

export interface DeskSettings {
  readonly table: RevisionTable
  readonly access: ServiceAccess
  /** The service that is extended; undefined: none. */
  readonly upstream: RevisionService | undefined
  readonly metrics: ServiceMetrics
}

/** Where requests for revisions are answered, whatever they came over. */
export interface RevisionDesk {
  /**
   * The revision of a key, given now if it has none.
   *
   * @throws {Fault} `REVISION_UNKNOWN` when the service only reads, `REVISION_CONTRADICTED`, `REVISION_UNAVAILABLE`
   */
  answer(key: RevisionKey): Promise<RevisionAnswer>
  /** What `answer` would say, and the latest of all; nothing is given. */
  lookUp(key: RevisionKey): Promise<LookupAnswer>
}

/**
 * Answers known keys from the table. With history a known answer is final, so that the service that is extended is asked about unknown keys
 * only; without history it is asked each time, since only it knows whether an answer has been overtaken.
 */
export function openDesk({ table, access, upstream, metrics }: DeskSettings): RevisionDesk {
  const { mode, depth } = table
  const find = gather<RevisionKey, KnownRevisions>({ work: keys => table.lookUp(keys), onBatch: () => undefined })
  const assign = gather<AssignmentRequest, TableAnswer>({
    work: requests => table.assign(requests),
    onBatch: requests => metrics.countBatch(requests),
  })
  const extended = async (key: RevisionKey): Promise<UpstreamRevisions | undefined> =>
    upstream === undefined ? undefined : checkedUpstream(await askUpstream(upstream, key), table)

  return {
    async answer(key) {
      const revision = revisionWithoutChange(mode, await find(key))
      const isFinal = mode === 'history' || upstream === undefined
      if (revision !== undefined && isFinal) return { revision, known: true }
      if (access === 'read-only') throw unknownKey(key)
      const given = await assign({ key, upstream: await extended(key) })
      if (given.kind === 'contradicted') throw boundToAnother(key, given.revision)
      return { revision: given.revision, known: given.kind !== 'new' }
    },
    async lookUp(key) {
      const known = await find(key)
      const revision = revisionWithoutChange(mode, known)
      return { mode, depth, revision, newest: known.newest }
    },
  }
}

function unknownKey({ package: name, version, architecture, checksum }: RevisionKey): Fault {
  return new Fault('REVISION_UNKNOWN', {
    message: `${name} ${version} on ${architecture} has no revision for checksum ${checksum.slice(0, 12)}…, and this service gives none`,
    hint: 'Ask the service that writes, or extend this one: aptroot revision serve --upstream URL.',
    context: { package: name, version, architecture, checksum },
  })
}

function boundToAnother({ package: name, version, architecture }: RevisionKey, revision: string): Fault {
  return new Fault('REVISION_CONTRADICTED', {
    message: `the service that is extended gives ${name} ${version} on ${architecture} the revision ${revision}, which is another build's here`,
    hint: 'One of the two was restored from an old copy or is another service; compare their exports.',
    context: { package: name, version, architecture, revision },
  })
}
