import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from '../../src/store/index.ts'
import type { MirrorFault } from './loopback-mirror.ts'
import { identityOf, patternBytes } from './transfer-world.ts'

/** Of no meaning: a download looks at length and digest alone. */
export const deb = patternBytes(300_000)
export const blob = identityOf(deb)
export const path = 'debian/pool/main/n/nginx/nginx_1.22.1-9_amd64.deb'

/** What the store holds beside finished files. */
export async function leftovers(folder: string): Promise<string[]> {
  const top = join(folder, 'store-v1')
  const names = await Promise.all(['temporary', 'partial'].map(name => readdir(join(top, name)).catch(() => [])))
  return names.flat()
}

/** How much of a broken answer was received before it broke is up to chance: what needs a beginning starts with one. */
export const beginning = 150_000
export const cut: MirrorFault = { kind: 'truncate', afterBytes: 10 }

/** As an earlier run that was interrupted. */
export async function leaveBeginning(store: Store): Promise<void> {
  const writer = await store.beginBlob(blob)
  await writer.write(deb.subarray(0, beginning))
  await writer.suspend()
}
