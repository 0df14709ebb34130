import { constants } from 'node:fs'
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import { displayByteString } from '../codec/index.ts'
import { pathFilter } from '../dpkg/index.ts'
import { Fault, isFault, type Session } from '../kernel/index.ts'
import type { Store } from '../store/index.ts'
import { type FileContent, pathProblem, type TreeEntry } from '../tree/index.ts'
import type { BuildInput } from './build-inputs.ts'

/** One path of the sources. Owners and times are no part of it: a version control system keeps neither. */
export type Source =
  | { readonly kind: 'directory' }
  | { readonly kind: 'file'; readonly content: FileContent; readonly mode: 0o644 | 0o755 }
  /** A byte string. Kept as it is and never followed: it means what it means in the sandbox. */
  | { readonly kind: 'symlink'; readonly target: string }

/** By path, a byte string, in byte order. Contents are blobs of the store: what is built is what was read here. */
export type Sources = ReadonlyMap<string, Source>

export interface SourceLimits {
  readonly paths: number
  readonly bytes: number
}

/** The sources of a kernel have 90,000 paths and 1.5 GB. */
export const defaultSourceLimits: SourceLimits = { paths: 1_000_000, bytes: 32 * 1024 ** 3 }

export interface SourceRequest {
  /** Absolute, symlinks resolved. */
  readonly folder: string
  /** Patterns: with a slash at the beginning from the top, else of anything below; what lies in an excluded folder is excluded. */
  readonly exclude: readonly string[]
  readonly store: Store
  readonly limits: SourceLimits
}

/**
 * Reads sources into the store.
 *
 * @throws {Fault} `PACKAGE_SOURCE_INVALID` for a device, pipe or socket, a path that no build could hold, what cannot be read or changes
 *   meanwhile, and for more than the limits allow
 */
export async function gatherSources(request: SourceRequest, session: Session): Promise<Sources> {
  // The filter takes patterns of whole paths, as dpkg does.
  const patterns = request.exclude.map(each => (each.startsWith('/') ? each : `*/${each}`).replace(/\/+$/, ''))
  const isExcluded = pathFilter(patterns.map(each => Buffer.from(each).toString('latin1')))
  const sources = new Map<string, Source>()
  let bytes = 0
  const take = async (path: string, host: Buffer): Promise<void> => {
    session.signal.throwIfAborted()
    const source = await readable(path, () => readSource(path, host, request.store, session))
    sources.set(path, source)
    if (sources.size > request.limits.paths) throw invalid(path, `and more than ${request.limits.paths} others`)
    if (source.kind === 'file') bytes += source.content.sizeBytes
    if (bytes > request.limits.bytes)
      throw invalid(path, `which brings the sources to over ${request.limits.bytes} bytes`)
    if (source.kind === 'directory') await takeFolder(path, host)
  }
  const takeFolder = async (path: string, host: Buffer): Promise<void> => {
    const names = await readable(path, () => readdir(host, { encoding: 'buffer' }))
    for (const name of names.map(each => each.toString('latin1')).sort()) {
      const below = path === '' ? name : `${path}/${name}`
      if (isExcluded(below)) continue
      const problem = pathProblem(below)
      if (problem !== undefined) throw invalid(below.slice(0, 200), `which ${problem}`)
      await take(below, Buffer.concat([host, Buffer.from(`/${name}`, 'latin1')]))
    }
  }
  await takeFolder('', Buffer.from(request.folder))
  return new Map([...sources].sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** As inputs of a build: what a name, a mode or one byte changes. */
export function sourceInputs(sources: Sources): readonly BuildInput[] {
  return [...sources].map(([name, source]) => ({ kind: 'source', name, value: valueOfSource(source) }))
}

/** As a tree of files that belong to root. @param modifiedSeconds the time of all */
export function sourceTree(sources: Sources, modifiedSeconds: number): ReadonlyMap<string, TreeEntry> {
  const owned = { userId: 0, groupId: 0, modifiedSeconds }
  return new Map(
    [...sources].map(([path, source]): [string, TreeEntry] => {
      switch (source.kind) {
        case 'directory':
          return [path, { ...source, mode: 0o755, ...owned }]
        case 'symlink':
          return [path, { ...source, mode: 0o777, ...owned }]
        case 'file':
          return [path, { ...source, inode: undefined, ...owned }]
        default:
          return source satisfies never
      }
    }),
  )
}

function valueOfSource(source: Source): string {
  switch (source.kind) {
    case 'directory':
      return 'directory'
    case 'symlink':
      return `symlink ${source.target}`
    case 'file':
      return `file ${source.mode.toString(8)} ${source.content.sha256}`
    default:
      return source satisfies never
  }
}

async function readSource(path: string, host: Buffer, store: Store, session: Session): Promise<Source> {
  const facts = await lstat(host)
  if (facts.isDirectory()) return { kind: 'directory' }
  if (facts.isSymbolicLink())
    return { kind: 'symlink', target: (await readlink(host, { encoding: 'buffer' })).toString('latin1') }
  if (!facts.isFile()) throw invalid(path, 'which is neither a file nor a folder nor a symlink')
  // What was a file when it was looked at may have become a link out of the sources, or a pipe.
  const handle = await open(host, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const content = await store.putFile(handle, session)
    if (content === 'changed') throw invalid(path, 'which changed while it was read')
    // What a version control system keeps, and nothing that depends on this host's umask.
    return { kind: 'file', content, mode: (facts.mode & 0o100) === 0 ? 0o644 : 0o755 }
  } finally {
    await handle.close()
  }
}

async function readable<Result>(path: string, operation: () => Promise<Result>): Promise<Result> {
  try {
    return await operation()
  } catch (error) {
    if (isFault(error) || !(error instanceof Error && 'code' in error)) throw error
    throw invalid(path, `which cannot be read: ${String(error.code)}`, error)
  }
}

/** @param path a byte string; empty for the folder itself */
function invalid(path: string, problem: string, cause?: unknown): Fault {
  const shown = path === '' ? 'the folder of the sources' : displayByteString(path)
  return new Fault('PACKAGE_SOURCE_INVALID', {
    message: `the sources hold ${shown}, ${problem}`,
    hint: 'Take it away, or name it under `source.exclude` in package.yaml.',
    context: { path: shown },
    cause,
  })
}
