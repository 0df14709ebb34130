import { type CompressionKind, compressionOfName } from '../codec/index.ts'
import { Fault, quoted } from '../kernel/index.ts'
import type { ListedFile, Release } from './release.ts'

/** One Packages or Sources file as a Release lists it, in all its forms. */
export interface ChosenIndex {
  /** Empty for a flat repository. */
  readonly component: string
  /** Of its `binary-…` folder; undefined for sources and for a flat repository. */
  readonly architecture: string | undefined
  /** Without the ending of a compression, relative to the Release: `main/binary-amd64/Packages`. */
  readonly path: string
  /** The decompressed file, where the Release lists it; mirrors need not have it. */
  readonly plain: ListedFile | undefined
  /** In the order in which they are tried; the smallest compressed one first. */
  readonly forms: readonly [IndexForm, ...IndexForm[]]
}

export interface IndexForm {
  readonly compression: CompressionKind
  readonly file: ListedFile
}

export interface IndexWish {
  /** The URL of the Release, for messages. */
  readonly name: string
  /** Archive id of the manifest. */
  readonly archive: string
  /** Empty for a flat repository. */
  readonly components: readonly string[]
  /** Native and foreign ones; at least one. */
  readonly architectures: readonly string[]
}

/** From the one that decompresses fastest for its size; decides between files of equal size only. */
const endings = ['.xz', '.zst', '.gz', '.bz2', '.lzma', ''] as const

/**
 * Chooses the Packages files that a manifest needs of a suite.
 *
 * @throws {Fault} `INDEX_NOT_LISTED` when the Release lacks a component or architecture: an archive is never silently empty
 */
export function chooseIndexes(release: Release, wish: IndexWish): readonly ChosenIndex[] {
  if (wish.components.length === 0) return [flatIndex(release, wish)]
  return wish.components.flatMap(component => {
    const folders = foldersOf(component, release)
    if (folders.length === 0) throw notListed(wish, `the component ${quoted(component)}`, release.components)
    return binaryFoldersOf(release, wish).map(architecture => {
      const paths = folders.map(folder => `${folder}/binary-${architecture}/Packages`)
      const found = paths
        .map(path => chosen(release, { component, architecture, path }))
        .find(each => each !== undefined)
      if (found !== undefined) return found
      throw notListed(wish, `${paths[0]} (component ${component}, architecture ${architecture})`, release.architectures)
    })
  })
}

/** The Sources files of the wanted components; a component that has none is left out. */
export function chooseSourceIndexes(release: Release, wish: IndexWish): readonly ChosenIndex[] {
  const paths =
    wish.components.length === 0
      ? [{ component: '', paths: ['Sources'] }]
      : wish.components.map(component => ({
          component,
          paths: foldersOf(component, release).map(folder => `${folder}/source/Sources`),
        }))
  return paths.flatMap(({ component, paths: places }) => {
    const found = places.map(path => chosen(release, { component, architecture: undefined, path }))
    return found.find(each => each !== undefined) ?? []
  })
}

function flatIndex(release: Release, wish: IndexWish): ChosenIndex {
  const found = chosen(release, { component: '', architecture: undefined, path: 'Packages' })
  if (found === undefined) throw notListed(wish, 'the index Packages of a flat repository', [...release.files.keys()])
  return found
}

/**
 * Folders in which a component's indexes may lie. bookworm-security says `updates/main` and keeps the files in `main`;
 * the manifest may say either.
 */
function foldersOf(component: string, { components }: Release): readonly string[] {
  const last = component.slice(component.lastIndexOf('/') + 1)
  const matches = components.filter(each => each === component || each.endsWith(`/${component}`) || each === last)
  if (components.length > 0 && matches.length === 0) return []
  return [...new Set([component, ...matches, last])]
}

/** The `binary-…` folders to read: the wanted architectures, and `all` where that has indexes of its own. */
function binaryFoldersOf(release: Release, wish: IndexWish): readonly string[] {
  const { architectures, separateAllIndexes } = release
  // An archive of scripts and data may have nothing but `all`, which suits every architecture.
  if (architectures.length === 1 && separateAllIndexes) return ['all']
  const absent = wish.architectures.find(each => architectures.length > 0 && !architectures.includes(each))
  if (absent !== undefined) throw notListed(wish, `the architecture ${quoted(absent)}`, architectures)
  return separateAllIndexes ? [...wish.architectures, 'all'] : wish.architectures
}

function chosen(
  release: Release,
  index: Pick<ChosenIndex, 'component' | 'architecture' | 'path'>,
): ChosenIndex | undefined {
  const listed = endings.flatMap(ending => {
    const file = release.files.get(index.path + ending)
    return file === undefined ? [] : [{ compression: compressionOfName(file.path), file }]
  })
  // Debian lists the plain file although no mirror has it: it goes last.
  const rank = ({ compression, file }: IndexForm) => (compression === 'none' ? Number.MAX_SAFE_INTEGER : file.sizeBytes)
  const [first, ...others] = listed.sort((a, b) => rank(a) - rank(b))
  if (first === undefined) return undefined
  return { ...index, plain: release.files.get(index.path), forms: [first, ...others] }
}

function notListed({ name, archive }: IndexWish, what: string, available: readonly string[]): Fault {
  const shown = available.slice(0, 12)
  return new Fault('INDEX_NOT_LISTED', {
    message: `${name} does not list ${what}; it has ${shown.length === 0 ? 'none' : shown.join(', ')}`,
    hint: `Change \`components:\` or \`architectures:\` of the archive ${quoted(archive)} in the manifest.`,
    context: { file: name, archive, available: shown },
  })
}
