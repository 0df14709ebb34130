import type { ArchiveAddresses, FetchRequest } from '../../src/fetch/index.ts'
import type { LockedDeb } from '../../src/lockfile/index.ts'
import { startMirror } from './loopback-mirror.ts'
import { identityOf, type TransferScene, transferScene } from './transfer-world.ts'

/** A locked deb whose bytes are its name, and which lies in pool/NAME. */
export function locked(name: string, overrides: Partial<LockedDeb> = {}): LockedDeb {
  return {
    name,
    architecture: 'amd64',
    version: '1:1.0-1',
    sourceName: name,
    sourceVersion: '1:1.0-1',
    ...identityOf(contents(name)),
    from: 'debian/bookworm/main',
    at: '20260711T101637Z',
    directory: `pool/${name}`,
    file: undefined,
    root: undefined,
    needs: [],
    roots: undefined,
    ...overrides,
  }
}

export function contents(name: string): string {
  return `the bytes of ${name}`
}

/** Below a mirror. */
export const pathOf = (name: string) => `pool/${name}/${name}_1.0-1_amd64.deb`

/** What a mirror has that has these debs. */
export function filesOf(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map(name => [pathOf(name), contents(name)]))
}

/** Real HTTP, a real store, and whatever mirrors a test names. */
export interface Scene extends TransferScene {
  request(addresses: Partial<ArchiveAddresses>, more?: Partial<FetchRequest>): FetchRequest
}

export async function scene(): Promise<Scene> {
  const transferred = await transferScene()
  return {
    ...transferred,
    request: (addresses, more) => ({
      archives: new Map([['debian', { uris: [], poolUris: [], snapshot: undefined, ...addresses }]]),
      vendorFolders: [],
      projectFolder: '/absent',
      launchpadUri: undefined,
      fallbackUris: [],
      store: transferred.store,
      transfer: transferred.transfer,
      mode: 'online',
      ...more,
    }),
  }
}

/** A port of 127.0.0.1 where nobody listens. */
export async function deadUri(): Promise<string> {
  const mirror = await startMirror()
  await mirror.close()
  return mirror.url
}
