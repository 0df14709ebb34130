import { createHash } from 'node:crypto'
import { byteStringOf, bytesOfByteString } from '../codec/index.ts'
import { type MergedRoot, sortTriggerInterests } from '../dpkg/index.ts'
import type { Store } from '../store/index.ts'
import { folderOf, lastNameOf, wholeContent } from '../tree/index.ts'
import type { ContentPack } from './pack-file.ts'
import { RootContent } from './root-content.ts'

/** Interests of a hundred thousand packages. */
const largestFileBytes = 8 * 1024 * 1024

/**
 * The same root with the lines of `/var/lib/dpkg/triggers` in byte order. dpkg appends them as packages are unpacked, and reads them in any order:
 * a package that is added or gone then moves no line of the others.
 *
 * @param wanted paths that the project itself brings: they stay as they are
 * @returns only what differs
 */
export async function sortTriggers(
  { entries, generated, packs }: Pick<MergedRoot, 'entries' | 'generated'> & { readonly packs: readonly ContentPack[] },
  wanted: { has(path: string): boolean },
  store: Store,
): Promise<Pick<MergedRoot, 'entries' | 'generated'>> {
  const sorted = { entries: new Map(entries), generated: new Map(generated) }
  const content = new RootContent({ packs, generated, blobs: new Set(), store })
  try {
    for (const [path, entry] of entries) {
      if (folderOf(path) !== 'var/lib/dpkg/triggers' || wanted.has(path)) continue
      if (entry.kind !== 'file' || entry.inode !== undefined || entry.content.sizeBytes > largestFileBytes) continue
      const before = byteStringOf(await wholeContent(content, entry.content))
      const text = sortTriggerInterests(lastNameOf(path), before)
      if (text === before) continue
      const bytes = bytesOfByteString(text)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      sorted.generated.set(sha256, bytes)
      sorted.entries.set(path, { ...entry, content: { sha256, sizeBytes: bytes.length } })
    }
  } finally {
    await content.close()
  }
  return sorted
}
