import { tmpdir } from 'node:os'
import type { ProcessRunner } from '../../src/kernel/index.ts'
import { noCustomisation } from '../../src/manifest/index.ts'
import { type ConfigureHost, imageCustomisationOf } from '../../src/rootfs/index.ts'

/** A host on which no program can be found. */
const noPrograms: ProcessRunner = {
  run: () => Promise.reject(new Error('no program may run here')),
  find: async () => undefined,
}

/** For `assembleRoot` where no script is to be run; a runner makes it a host that can. */
export function configureHost(runner: ProcessRunner = noPrograms): ConfigureHost {
  return {
    runner,
    backEnd: undefined,
    temporaryFolder: tmpdir(),
    nowSeconds: Date.now() / 1000,
    processor: process.arch,
    namespace: undefined,
  }
}

/** For `assembleRoot` where the manifest wants nothing but packages and files. */
export const plainImage = imageCustomisationOf(noCustomisation, { scripts: [], sources: [] })
