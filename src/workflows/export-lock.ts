import { Fault, type Session, unreachable } from '../kernel/index.ts'
import type { LockedDeb, Lockfile } from '../lockfile/index.ts'
import { readProgramVersion } from './program-version.ts'
import type { Project } from './project.ts'
import { readProjectLock } from './read-project.ts'
import { replaceTextFile } from './text-file.ts'
import type { World } from './world.ts'

export const exportFormats = ['spdx', 'cyclonedx', 'sha256sums', 'packages', 'apt-pins', 'purls'] as const
export type ExportFormat = (typeof exportFormats)[number]

export interface ExportLockRequest {
  readonly project: Pick<Project, 'lockName' | 'lockPath'>
  readonly format: ExportFormat
  /** Roots by name (`amd64`, `amd64+i386`) or by native architecture; undefined: all of the lock. */
  readonly architectures: readonly string[] | undefined
  /** Absolute: the format `packages` takes control files from there. */
  readonly storeFolder: string
  /** Absolute; undefined: only the text is wanted. */
  readonly path: string | undefined
}

export interface ExportedLock {
  readonly format: ExportFormat
  readonly debs: number
  readonly text: string
  /** Debs of which only the lock is known; always empty but for `packages`. */
  readonly undescribed: readonly string[]
}

/**
 * Says a lock in words that other tools read. The text is a function of the lock (of `packages` also of which debs the store has), not
 * of time, place or the order of its lines; neither manifest nor network is looked at.
 *
 * @throws {Fault} `USAGE_INVALID` for a root that the lock does not have, as `readProjectLock`, `OUTPUT_UNWRITABLE`, `DISK_FULL`
 */
export async function exportLock(request: ExportLockRequest, session: Session, world: World): Promise<ExportedLock> {
  const { lock } = await readProjectLock(request.project)
  const roots = chosenRoots(lock, request)
  const { lockedDebs } = await import('../interchange/export/bill-of-materials.ts')
  const debs = lockedDebs(lock, roots)
  const { text, undescribed = [] } = await formatted(request, { lock, roots, debs }, { session, world })
  if (request.path !== undefined) await replaceTextFile(request.path, text)
  return { format: request.format, debs: debs.length, text, undescribed }
}

interface ChosenPart {
  readonly lock: Lockfile
  readonly roots: readonly string[]
  readonly debs: readonly LockedDeb[]
}

interface Surroundings {
  readonly session: Session
  readonly world: World
}

async function formatted(
  { format, project, storeFolder }: ExportLockRequest,
  { lock, roots, debs }: ChosenPart,
  around: Surroundings,
): Promise<{ readonly text: string; readonly undescribed?: readonly string[] }> {
  const interchange = await import('../interchange/index.ts')
  switch (format) {
    case 'spdx':
    case 'cyclonedx': {
      const toolVersion = await readProgramVersion(around.world)
      const bill = interchange.billOfLock(lock, { roots, name: lastName(project.lockName), toolVersion })
      return { text: format === 'spdx' ? interchange.formatSpdx(bill) : interchange.formatCycloneDx(bill) }
    }
    case 'sha256sums':
      return { text: interchange.formatSha256Sums(debs) }
    case 'packages':
      return packagesText(debs, storeFolder, around)
    case 'apt-pins':
      return { text: interchange.formatAptPins(debs) }
    case 'purls':
      return { text: interchange.formatPackageUrls(debs) }
    default:
      return unreachable(format)
  }
}

async function packagesText(debs: readonly LockedDeb[], folder: string, { session, world }: Surroundings) {
  const { describePackage } = await import('../debian/index.ts')
  const { formatPackagesFile } = await import('../interchange/export/packages-file.ts')
  const { readDebControl } = await import('../deb/index.ts')
  const { Store } = await import('../store/index.ts')
  const store = new Store({ folder, clock: world.clock })
  const described = []
  for (const deb of debs) {
    session.signal.throwIfAborted()
    // Read whole once: reading the control file alone stops before the digest could be compared.
    const isThere = (await store.check(deb)) === 'sound'
    const control = isThere ? (await readDebControl(store.stream(deb), { name: deb.name })).control : undefined
    described.push({ deb, control })
  }
  return {
    text: Buffer.from(formatPackagesFile(described)).toString(),
    undescribed: described.filter(({ control }) => control === undefined).map(({ deb }) => describePackage(deb)),
  }
}

/** Never the folders: the text is the same wherever the project lies. */
function lastName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

function chosenRoots(lock: Lockfile, { architectures: names, project }: ExportLockRequest): readonly string[] {
  const { architectures } = lock.request
  if (names === undefined) return architectures
  return names.map(name => {
    const root = architectures.find(each => each === name) ?? architectures.find(each => each.split('+', 1)[0] === name)
    if (root === undefined)
      throw new Fault('USAGE_INVALID', {
        message: `${project.lockName} has no root ${JSON.stringify(name)}`,
        hint: `Its architectures are ${architectures.join(', ')}.`,
        context: { architecture: name },
      })
    return root
  })
}
