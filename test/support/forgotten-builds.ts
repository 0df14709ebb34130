import { rm } from 'node:fs/promises'
import { join } from 'node:path'

const kinds = ['configured', 'checkpoint', 'waves', 'installed', 'script-trace']

/** Takes from a store what scripts made, and what is known of earlier runs; the debs, taken apart, stay. */
export async function forgetBuilds(store: string): Promise<void> {
  for (const kind of kinds) await rm(join(store, 'store-v1/objects', kind), { recursive: true, force: true })
}
