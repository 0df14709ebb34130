import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { DebIdentity } from '../../src/rootfs/index.ts'
import { Store } from '../../src/store/index.ts'
import { buildDeb, controlFields, type DebDescription } from './deb-builder.ts'
import { quietSession, scratchFolder } from './scratch.ts'

export async function scratchStore(): Promise<Store> {
  return new Store({ folder: join(await scratchFolder(), 'store'), clock: { now: () => new Date(1_700_000_000_000) } })
}

/** Puts bytes into the store as the deb that the description says they are. */
export async function storeDeb(store: Store, description: DebDescription, bytes?: Uint8Array): Promise<DebIdentity> {
  const { Package = '', Version = '', Architecture = '' } = controlFields(description)
  const deb = bytes ?? buildDeb(description)
  const blob = await store.putBytes(deb, quietSession())
  return { name: Package, version: Version, architecture: Architecture, ...blob }
}

export const sha256Of = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
