import { join } from 'node:path'
import type { ProcessRunner } from '../kernel/index.ts'
import type { ConfigureHost } from '../rootfs/index.ts'
import type { SandboxBackEnd } from '../sandbox/index.ts'
import type { World } from './world.ts'

/** How maintainer scripts are run on this host: directly by root, by others and of other processors in a user namespace. */
export function configureHostOf(
  world: World,
  backEnd: SandboxBackEnd | undefined,
  launcher?: ProcessRunner,
): ConfigureHost {
  return {
    runner: world.processRunner,
    ...(launcher === undefined ? {} : { launcher }),
    backEnd,
    temporaryFolder: world.temporaryFolder,
    nowSeconds: world.clock.now().getTime() / 1000,
    processor: process.arch,
    namespace: {
      entered: process.getuid?.() === 0 ? 'for emulation' : 'always',
      program: process.execPath,
      arguments: [join(world.packageFolder, 'dist/workers/configure-root.js')],
      searchPath: world.environment.PATH ?? '',
    },
  }
}
