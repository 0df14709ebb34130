import { type ArchivesRequest, openArchives, openUniverse } from '../../src/archive/index.ts'
import type { ArchiveDefinition } from '../../src/manifest/index.ts'
import type { LoopbackMirror } from './loopback-mirror.ts'
import { packagesFile } from './packages-file.ts'
import { quietSession } from './scratch.ts'
import { type SuiteRequest, signedSuite } from './signed-suite.ts'
import { makeTestKey } from './signing.ts'
import { transferScene } from './transfer-world.ts'

export const bash = packagesFile({ 'bash 5.2': {} })
export const newerBash = packagesFile({ 'bash 5.3': {} })

/** What the suites of `suiteOf` are signed with. */
export const archiveKey = await makeTestKey({ name: 'Archive' })

/** The files of a suite with bash 5.2 for amd64. */
export const suiteOf = (changes: Partial<SuiteRequest> = {}) =>
  signedSuite({ keys: [archiveKey], indexes: { 'main/binary-amd64': bash }, ...changes })

/** For amd64, with an empty store, in the month in which the suites of the tests are signed. */
export async function archivesRequestOf(
  archives: readonly ArchiveDefinition[],
  changes: Partial<ArchivesRequest> = {},
): Promise<ArchivesRequest> {
  const { transfer, store } = await transferScene()
  return {
    archives,
    architectures: ['amd64'],
    readKeyFile: path => Promise.reject(new Error(`${path} was read`)),
    asOf: new Date('2026-01-20T00:00:00Z'),
    mode: 'online',
    store,
    transfer,
    ...changes,
  }
}

/** `bash 5.2` for each version of bash that the archives offer. */
export async function versionsOf(request: ArchivesRequest, session = quietSession()): Promise<readonly string[]> {
  const open = await openArchives(request, session)
  try {
    const universe = openUniverse({ nativeArchitecture: 'amd64', foreignArchitectures: [], indexes: open.indexes })
    return universe.names().flatMap(name => universe.packagesNamed(name).map(each => `${each.name} ${each.version}`))
  } finally {
    await open.close()
  }
}

export const pathsOf = (mirror: LoopbackMirror) => mirror.requests.map(each => each.path)

/** What stays of a mirror's files when all indexes are gone. */
export function onlyRelease(files: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(files).filter(([path]) => path.endsWith('Release')))
}
