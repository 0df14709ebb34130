import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { AssembleRequest } from '../rootfs/index.ts'
import type { Emulator } from '../sandbox/index.ts'
import type { RootPlace } from './enter-root.ts'

/** A private place for a copy of a root, and who makes it: this process, or one in a user namespace. */
export type RootCopy = { readonly place: RootPlace } & (
  | { readonly kind: 'here' }
  | { readonly kind: 'namespace'; readonly emulator: Emulator | undefined }
)

/** Gives the use a place for a private copy of the root, of which nothing is left afterwards, also after an interruption. */
export async function withRootCopy<Result>(
  { host, nativeArchitecture }: Pick<AssembleRequest, 'host' | 'nativeArchitecture'>,
  sourceDateEpochSeconds: number,
  use: (copy: RootCopy) => Promise<Result>,
): Promise<Result> {
  const { findEmulation } = await import('../sandbox/index.ts')
  const { removeStaging } = await import('../rootfs/index.ts')
  const emulation = await findEmulation({
    architecture: nativeArchitecture,
    processor: host.processor,
    runner: host.runner,
  })
  const emulator = emulation.kind === 'private' ? emulation.emulator : undefined
  const top = mkdtempSync(join(host.temporaryFolder, 'aptroot-copy-'))
  const place: RootPlace = {
    top,
    architecture: nativeArchitecture,
    sourceDateEpochSeconds,
    processor: host.processor,
    ...(host.backEnd === undefined ? {} : { backEnd: host.backEnd }),
  }
  const isHere = emulator === undefined && host.namespace?.entered !== 'always'
  try {
    return await use(isHere ? { kind: 'here', place } : { kind: 'namespace', emulator, place })
  } finally {
    await removeStaging(host, top)
  }
}
