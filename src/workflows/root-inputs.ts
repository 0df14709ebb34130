import { createHash } from 'node:crypto'
import type { Session } from '../kernel/index.ts'
import type { BuildInput } from '../package-build/index.ts'
import { configuredVersion } from '../rootfs/configure-inputs.ts'
import type { Store } from '../store/index.ts'
import { describeAssembly, plainly } from './installed-record.ts'
import type { PlannedRoot } from './plan-roots.ts'

/**
 * A build root as inputs of a build: each of its debs by digest, and one digest of everything else that decides its bytes (the image section
 * with the contents of its files and scripts, architectures, times, how scripts are run). Nothing is fetched or assembled.
 *
 * @throws {Fault} as `overlayFiles`
 */
export async function rootInputs(
  { debs, assembly }: PlannedRoot,
  store: Store,
  session: Session,
): Promise<readonly BuildInput[]> {
  const { plain, ...brought } = await describeAssembly(assembly, store, session)
  const { configure, excludePaths, mergedUsr } = plain.image
  // Outputs of the image and where debs were found change no byte of the root.
  const rest = { ...plain, debs: undefined, image: { configure, excludePaths, mergedUsr } }
  const text = JSON.stringify({ configuredVersion, ...rest, ...brought }, plainly)
  return [
    { kind: 'root', name: 'image', value: createHash('sha256').update(text).digest('hex') },
    ...debs.map(({ name, architecture, version, sha256 }): BuildInput => {
      return { kind: 'deb', name: `${name}:${architecture}`, value: `${version} ${sha256}` }
    }),
  ]
}
