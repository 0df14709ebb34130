import { createHash } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { createHttpTransport, defaultTransportSettings } from '../../src/adapters/http-transport.ts'
import { type BlobIdentity, Store } from '../../src/store/index.ts'
import { createTransfer, type Transfer, type TransferWorld } from '../../src/transfer/index.ts'
import { scratchFolder } from './scratch.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

export interface TransferScene {
  readonly transfer: Transfer
  readonly store: Store
  readonly clock: VirtualClock
}

/** Real HTTP and a real store; only waiting takes no time, and chance always says one half. */
export async function transferScene(overrides: Partial<TransferWorld> = {}): Promise<TransferScene> {
  const clock = virtualClock()
  const transport = createHttpTransport({ ...defaultTransportSettings, stallTimeoutMilliseconds: 150 })
  onTestFinished(() => transport.close())
  const transfer = createTransfer({
    transport,
    clock,
    random: () => 0.5,
    credentialsOf: () => undefined,
    parallelism: 4,
    ...overrides,
  })
  return { transfer, store: new Store({ folder: await scratchFolder(), clock }), clock }
}

export function identityOf(bytes: Uint8Array | string): BlobIdentity {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: Buffer.byteLength(bytes) }
}

/** Bytes of which no two parts are alike. */
export function patternBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8) * 17 + (at >> 16)) & 0xff
  return bytes
}
