import { Fault } from '../kernel/index.ts'
import type { RepositoryFolder } from './repository-folder.ts'

/** A file that shall lie in the pool, for good. */
export interface PoolFile {
  /** For messages: what it belongs to. */
  readonly owner: string
  readonly path: string
  readonly sha256: string
  readonly sizeBytes: number
  /** Its bytes, as often as asked. */
  readonly content: () => AsyncIterable<Uint8Array>
}

/**
 * Puts a file in the pool, unless it lies there.
 *
 * @param before `known`: it was put there once, and what lies there is believed by its length: a mirror of thousands of files is not read
 *   again for one that is new
 * @throws {Fault} `REPOSITORY_REBINDING` when another file lies there: names of files come from locks too, and two of them may name one file
 */
export async function placeInPool(
  file: PoolFile,
  before: 'new' | 'known',
  { folder, now }: { readonly folder: RepositoryFolder; readonly now: Date },
): Promise<void> {
  const { path, sizeBytes } = file
  if ((await folder.sizeOf(path)) === undefined && (await folder.create(path, file.content())) === 'created') return
  if (before === 'new' || (await folder.sizeOf(path)) !== sizeBytes) await requirePlace(file, folder)
  await folder.note(path, now)
}

/** @throws {Fault} `REPOSITORY_REBINDING` when another file lies at its path */
export async function requirePlace(
  { owner, path, sha256 }: Pick<PoolFile, 'owner' | 'path' | 'sha256'>,
  folder: RepositoryFolder,
): Promise<void> {
  const found = await folder.digestOf(path)
  if (found === undefined || found === sha256) return
  throw new Fault('REPOSITORY_REBINDING', {
    message: `${owner} would lie at ${path}, where ${folder.name} has another file`,
    hint: 'Take the file away if it was damaged, and publish again; else give the deb another file name.',
    context: { deb: owner, path },
  })
}
