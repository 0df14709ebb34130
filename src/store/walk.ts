import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { compareBytes } from '../kernel/index.ts'
import type { StoreLayout } from './layout.ts'
import { onDiskIfPresent } from './store-fault.ts'

/** What lies in a store, judged by its path alone. */
export type StoreFile =
  | { readonly kind: 'blob'; readonly path: string; readonly sha256: string }
  | { readonly kind: 'object'; readonly path: string; readonly digest: string }
  | { readonly kind: 'partial'; readonly path: string }
  | { readonly kind: 'temporary'; readonly path: string }
  /** A process that uses the store, or a claim of one. */
  | { readonly kind: 'presence'; readonly path: string }
  | { readonly kind: 'foreign'; readonly path: string }

/** Every file of a store, in byte order of its path within its folder. Links are never followed. */
export async function* walkStore(layout: StoreLayout): AsyncGenerator<StoreFile> {
  for await (const each of fanOut(layout.blobs))
    yield each.digest === undefined
      ? { kind: 'foreign', path: each.path }
      : { kind: 'blob', path: each.path, sha256: each.digest }
  for (const kind of await entriesOf(layout.objects)) {
    const folder = join(layout.objects, kind.name)
    if (!kind.isDirectory()) {
      yield { kind: 'foreign', path: folder }
      continue
    }
    for await (const each of fanOut(folder))
      yield each.digest === undefined
        ? { kind: 'foreign', path: each.path }
        : { kind: 'object', path: each.path, digest: each.digest }
  }
  yield* flat(layout.partials, { kind: 'partial', name: /^[0-9a-f]{64}$/ })
  yield* flat(layout.temporaries, { kind: 'temporary', name: /^[0-9a-f]{32}$/ })
  yield* presencesOf(layout)
}

/** The processes that use the store, then their claims. */
export async function* presencesOf(layout: StoreLayout): AsyncGenerator<StoreFile> {
  yield* flat(layout.running, { kind: 'presence', name: /^[0-9]{1,15}-[0-9a-f]{16}$/ })
  yield* flat(layout.claims, { kind: 'presence', name: /^[0-9a-f]{64}$/ })
}

/** Files at `ab/cdef…`: 256 folders keep each listing short. */
async function* fanOut(folder: string): AsyncGenerator<{ readonly path: string; readonly digest: string | undefined }> {
  for (const prefix of await entriesOf(folder)) {
    const prefixPath = join(folder, prefix.name)
    if (!prefix.isDirectory()) {
      yield { path: prefixPath, digest: undefined }
      continue
    }
    for (const file of await entriesOf(prefixPath)) {
      const digest = `${prefix.name}${file.name}`
      const named = file.isFile() && prefix.name.length === 2 && /^[0-9a-f]{64}$/.test(digest)
      yield { path: join(prefixPath, file.name), digest: named ? digest : undefined }
    }
  }
}

async function* flat(
  folder: string,
  expected: { readonly kind: 'partial' | 'temporary' | 'presence'; readonly name: RegExp },
): AsyncGenerator<StoreFile> {
  for (const file of await entriesOf(folder)) {
    const kind = file.isFile() && expected.name.test(file.name) ? expected.kind : 'foreign'
    yield { kind, path: join(folder, file.name) }
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await onDiskIfPresent(folder, () => readdir(folder, { withFileTypes: true }))
  return (entries ?? []).sort((left, right) => compareBytes(left.name, right.name))
}
