import { tmpdir } from 'node:os'
import { createProcessRunner } from '../../adapters/process-runner.ts'
import { systemClock } from '../../adapters/system-clock.ts'
import type { Transport } from '../../kernel/index.ts'
import type { World } from '../../workflows/world.ts'

export interface WorldPlace {
  readonly environment: Readonly<Record<string, string>>
  readonly packageFolder: string
  readonly workingFolder: string
}

/** No program that aptroot asks prints more than the text of a lockfile. */
const maximumOutputBytes = 64 * 1024 * 1024

/** Node's names of what it runs on. */
const debianArchitectureByNodeName: Readonly<Record<string, string>> = {
  arm: 'armhf',
  arm64: 'arm64',
  ia32: 'i386',
  loong64: 'loong64',
  ppc64: 'ppc64el',
  riscv64: 'riscv64',
  s390x: 's390x',
  x64: 'amd64',
}

/** The real world. `close` ends the connections that were opened. */
export function createWorld(place: WorldPlace): { readonly world: World; close(): Promise<void> } {
  const transports: Transport[] = []
  const world: World = {
    ...place,
    temporaryFolder: tmpdir(),
    hostArchitecture: debianArchitectureByNodeName[process.arch],
    clock: systemClock,
    processRunner: createProcessRunner({ searchPath: place.environment.PATH ?? '', maximumOutputBytes }),
    random: Math.random,
    openTransport: async (routes, timeoutSeconds) => {
      const { createHttpTransport, defaultTransportSettings } = await import('../../adapters/http-transport.ts')
      const transport = createHttpTransport({
        ...defaultTransportSettings,
        ...(timeoutSeconds === undefined ? {} : timeoutsOf(timeoutSeconds)),
        ...routes,
      })
      transports.push(transport)
      return transport
    },
  }
  return {
    world,
    close: async () => {
      await Promise.all(transports.map(transport => transport.close()))
    },
  }
}

/** Connecting may take as long as it does by default, unless less patience was asked for. */
function timeoutsOf(seconds: number) {
  const stallTimeoutMilliseconds = seconds * 1000
  return { stallTimeoutMilliseconds, connectTimeoutMilliseconds: Math.min(20_000, stallTimeoutMilliseconds) }
}
