import { Fault, quoted } from '../kernel/index.ts'
import type { ArchiveDefinition } from '../manifest/index.ts'
import { urlBelow } from '../transfer/index.ts'

/** One suite of one archive, and where to look for it. */
export interface SuiteAddress {
  readonly archive: ArchiveDefinition
  /** As the manifest asks for it. */
  readonly suite: string
  /** Below which the archive lies: mirrors in order, or the snapshot alone. */
  readonly bases: readonly [string, ...string[]]
  /** Folder of the Release below a base; empty for a flat repository at the base itself. */
  readonly folder: string
}

/**
 * @param snapshot `20260711T101637Z`: the state of the snapshot archive instead of the mirrors
 * @throws {Fault} `USAGE_INVALID` when the archive has no snapshot; `MANIFEST_INVALID` for a suite that is no plain name
 */
export function suiteAddresses(
  archive: ArchiveDefinition,
  uris: readonly [string, ...string[]],
  snapshot: string | undefined,
): readonly SuiteAddress[] {
  const bases: readonly [string, ...string[]] = snapshot === undefined ? uris : [snapshotBase(archive, snapshot)]
  return archive.suites.map(suite => ({ archive, suite, bases, folder: folderOf(archive, suite) }))
}

/** The URL of a file beside the Release. The name was made here or compared with one made here. */
export function urlOf({ archive, folder, suite }: SuiteAddress, base: string, name: string): string {
  const url = urlBelow(base, folder === '' ? name : `${folder}/${name}`)
  if (url === undefined) throw badSuite(archive, suite)
  return url
}

function folderOf(archive: ArchiveDefinition, suite: string): string {
  if (!suite.endsWith('/')) return `dists/${suite}`
  if (archive.components.length > 0)
    throw new Fault('MANIFEST_INVALID', {
      message: `the suite ${quoted(suite)} of the archive ${quoted(archive.id)} is a flat repository, which has no components`,
      hint: 'Remove `components:`, or write the suite without the slash at its end.',
      context: { archive: archive.id, suite, components: archive.components },
    })
  return suite
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/')
}

function snapshotBase(archive: ArchiveDefinition, timestamp: string): string {
  if (archive.snapshot !== undefined) return archive.snapshot.replaceAll('{timestamp}', timestamp)
  throw new Fault('USAGE_INVALID', {
    message: `the archive ${quoted(archive.id)} has no \`snapshot:\`, so its state of ${timestamp} is not to be had`,
    hint: 'Give the archive a `snapshot:` address with {timestamp}, or update without `--snapshot`.',
    context: { archive: archive.id, timestamp },
  })
}

function badSuite(archive: ArchiveDefinition, suite: string): Fault {
  return new Fault('MANIFEST_INVALID', {
    message: `the suite ${quoted(suite)} of the archive ${quoted(archive.id)} is no name of a folder`,
    hint: 'Write a suite like `bookworm`, or the folder of a flat repository like `./`.',
    context: { archive: archive.id, suite },
  })
}
