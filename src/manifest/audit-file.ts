import { type ManifestNode, manifestFault, manifestSource } from './manifest-node.ts'
import { dateOf, fieldsOf, listOf, required, shapedOf, stringOf } from './read-values.ts'
import { parseYaml } from './yaml-document.ts'

/** A known vulnerability that somebody decided to live with, for a time. */
export interface IgnoredVulnerability {
  /** `CVE-2024-1234`, or the id of the database. */
  readonly id: string
  /** Source package; undefined: any. */
  readonly source: string | undefined
  readonly reason: string
  /** ISO date: the last day on which it applies. */
  readonly until: string
}

const file = { of: 'the file', keys: ['ignore'] } as const
const entry = { of: 'an entry of `ignore`', keys: ['id', 'source', 'reason', 'until'] } as const

/**
 * Reads `aptroot-audit.yaml`: `ignore:`, a list of entries with `id`, `reason`, `until` and perhaps `source`.
 *
 * @throws {Fault} `MANIFEST_MALFORMED`, `MANIFEST_INVALID` with file, line and column
 */
export async function readAuditFile(text: string, fileName: string): Promise<readonly IgnoredVulnerability[]> {
  const root = await parseYaml(manifestSource(text, fileName))
  if (root.kind === 'scalar' && root.value === undefined) return []
  const { ignore } = fieldsOf(root, file)
  if (ignore === undefined) return []
  return listOf(ignore, '`ignore`', { item: readEntry, identity: ({ id, source }) => `${id} ${source ?? ''}` })
}

function readEntry(node: ManifestNode): IgnoredVulnerability {
  const fields = fieldsOf(node, entry)
  const idNode = required(fields.id, fields.node, '`id`')
  const id = stringOf(idNode, '`id`')
  if (!/^[A-Z][A-Za-z0-9:.-]{3,60}$/.test(id))
    throw manifestFault(idNode, { message: '`id` is no id of a vulnerability', hint: 'Write it like CVE-2024-1234.' })
  return {
    id,
    source:
      fields.source === undefined
        ? undefined
        : shapedOf(fields.source, '`source`', { is: 'packageName', like: 'a source package' }),
    reason: shapedOf(required(fields.reason, fields.node, '`reason`'), '`reason`', { is: 'line', like: 'one line' }),
    until: dateOf(required(fields.until, fields.node, '`until`'), '`until`'),
  }
}
