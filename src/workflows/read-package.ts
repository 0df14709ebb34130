import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { type ChangelogEntry, isPackageName, versionProblem } from '../debian/index.ts'
import { Fault, quoted, type Session } from '../kernel/index.ts'
import type { PackageDescription } from '../manifest/index.ts'
import type { Sources } from '../package-build/index.ts'
import type { Store } from '../store/index.ts'
import { confinePath } from './confine-path.ts'
import { type Project, projectOf } from './project.ts'
import { readTextFile } from './text-file.ts'
import type { World } from './world.ts'

/** A package as it lies in a folder. */
export interface PackageProject {
  /** As messages name the description. */
  readonly manifestName: string
  /** Absolute: the folder of the description, which nothing that it names may leave. */
  readonly folder: string
  readonly description: PackageDescription
  /** The build root's manifest and lock. */
  readonly root: Project
  /** Where the outputs go: absolute, and as messages name it. */
  readonly output: { readonly folder: string; readonly name: string }
  /** What else the command writes, absolute. */
  readonly written: readonly string[]
}

/** What the command line names instead of the description, or besides; all of it may lie anywhere. */
export interface ChosenPlaces {
  /** The build root's manifest. */
  readonly root: string | undefined
  readonly outputFolder: string | undefined
  /** Files and folders that the command writes beside the outputs. */
  readonly written: readonly string[]
}

/**
 * Reads the description of a package.
 *
 * @param place a folder with a package.yaml, or such a file, as the user named it
 * @throws {Fault} `PACKAGE_MISSING`, as `readPackageDescription`, and `MANIFEST_PATH_OUTSIDE`
 */
export async function readPackage(
  place: string,
  chosen: ChosenPlaces,
  { workingFolder }: Pick<World, 'workingFolder'>,
): Promise<PackageProject> {
  const manifestName = /\.ya?ml$/.test(place) ? place : join(place, 'package.yaml')
  const path = resolve(workingFolder, manifestName)
  const text = await readTextFile(path, 'PACKAGE_MISSING')
  const { readPackageDescription } = await import('../manifest/index.ts')
  const description = await readPackageDescription(text, manifestName)
  const folder = dirname(path)
  const beside = (name: string) => join(dirname(manifestName), name)
  if (chosen.root === undefined) await confinePath({ folder, manifestName }, description.root)
  const root = projectOf(chosen.root ?? beside(description.root), workingFolder)
  const output =
    chosen.outputFolder === undefined
      ? {
          folder: await confinePath({ folder, manifestName }, description.outputFolder),
          name: beside(description.outputFolder),
        }
      : { folder: resolve(workingFolder, chosen.outputFolder), name: chosen.outputFolder }
  const written = chosen.written.map(name => resolve(workingFolder, name))
  return { manifestName, folder, description, root, output, written }
}

/** What the sources say of themselves, where the description does not. */
export interface SourceFacts {
  readonly name: string
  /** Of the sources; what the debs are called may have a revision more. */
  readonly version: string
  /** undefined: neither the description nor a changelog says it. */
  readonly sourceDateEpochSeconds: number | undefined
  readonly sources: Sources
  readonly changelog: { readonly path: string; readonly bytes: Uint8Array; readonly newest: ChangelogEntry } | undefined
}

/**
 * Reads the sources of a package into the store.
 *
 * @throws {Fault} as `gatherSources`, and `PACKAGE_SOURCE_INVALID` when nothing says what the package is called
 */
export async function readSources(project: PackageProject, store: Store, session: Session): Promise<SourceFacts> {
  const { defaultSourceLimits, entrySeconds, gatherSources } = await import('../package-build/index.ts')
  const { description } = project
  const folder = await confinePath(project, description.source)
  await requireFolder(project, folder)
  const exclude = [...(await ownFiles(project, folder)), ...description.exclude]
  const sources = await gatherSources({ folder, exclude, store, limits: defaultSourceLimits }, session)
  const changelog = await readChangelogOf(sources, store)
  const name = description.name ?? changelog?.newest.source
  const version = description.version ?? changelog?.newest.version
  if (name === undefined || version === undefined)
    throw new Fault('PACKAGE_SOURCE_INVALID', {
      message: `nothing says which ${name === undefined ? 'name' : 'version'} the package of ${project.manifestName} has`,
      hint: 'Write `name` and `version` in package.yaml, or a debian/changelog in the sources.',
      context: { package: project.manifestName },
    })
  const problem = isPackageName(name) ? versionProblem(version) : 'the name is none'
  if (problem !== undefined)
    throw new Fault('PACKAGE_SOURCE_INVALID', {
      message: `debian/changelog calls the package ${quoted(`${name} ${version}`)}: ${problem}`,
      hint: 'Correct its first line; see Debian Policy 4.4.',
      context: { package: project.manifestName },
    })
  const written = changelog === undefined ? undefined : entrySeconds(changelog.newest)
  return {
    name,
    version,
    sourceDateEpochSeconds: description.sourceDateEpochSeconds ?? written,
    sources,
    changelog,
  }
}

/** A changelog of 30 years has 2 MB. */
const maximumChangelogBytes = 16 * 1024 * 1024

async function readChangelogOf(sources: Sources, store: Store): Promise<SourceFacts['changelog']> {
  const { newestEntry, sourceTree } = await import('../package-build/index.ts')
  const { resolvePath } = await import('../tree/index.ts')
  const place = resolvePath(sourceTree(sources, 0), 'debian/changelog')
  const source = place.kind === 'real' ? sources.get(place.path) : undefined
  if (place.kind !== 'real' || source?.kind !== 'file' || source.content.sizeBytes > maximumChangelogBytes)
    return undefined
  const bytes = (await store.read(source.content)) ?? new Uint8Array()
  const newest = newestEntry(Buffer.from(bytes).toString('utf8'))
  return newest === undefined ? undefined : { path: place.path, bytes, newest }
}

async function requireFolder(project: PackageProject, folder: string): Promise<void> {
  const facts = await stat(folder).catch(() => undefined)
  if (facts?.isDirectory() === true) return
  throw new Fault('MANIFEST_FILE_MISSING', {
    message: `${project.manifestName} names the sources ${quoted(project.description.source)}, which are no folder`,
    hint: 'Correct `source`; it is relative to the folder of package.yaml.',
    context: { manifest: project.manifestName },
  })
}

/** What lies among the sources and is none: it goes into the key in its own way, or comes out of the build. */
async function ownFiles(
  { folder, manifestName, description, root, output, written }: PackageProject,
  sources: string,
): Promise<readonly string[]> {
  const own = [
    join(folder, basename(manifestName)),
    join(folder, description.outputFolder),
    join(folder, '.aptroot'),
    output.folder,
    root.manifestPath,
    root.lockPath,
    ...written,
  ]
  const places = await Promise.all(own.map(async path => relative(sources, await withoutLinks(path))))
  const inside = places.filter(path => path !== '' && !/^\.\.(\/|$)/.test(path))
  return ['.git', ...inside.map(path => `/${path.replace(/[\\*?[]/g, '\\$&')}`)]
}

/** The path with its folder's symlinks followed, as the folder of the sources is named. */
async function withoutLinks(path: string): Promise<string> {
  const folder = dirname(path)
  return join(await realpath(folder).catch(() => folder), basename(path))
}
