import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Fault, isSha256 } from '../kernel/index.ts'

/** What a blob is: its bytes have this digest and this length. */
export interface BlobIdentity {
  /** 64 lower-case hex digits. */
  readonly sha256: string
  readonly sizeBytes: number
}

/**
 * Names an object whose bytes do not follow from its name: a pack of an unpacked deb, an index cache.
 * Whatever decides the bytes, a layout version included, belongs in `key`; a new layout is a new key.
 */
export interface ObjectName {
  /** Lower-case letters, digits and hyphens: becomes a folder of the store. */
  readonly kind: string
  /** Any text; the store keeps its sha256, never the text itself, as a file name. */
  readonly key: string
}

/**
 * The folders of a store. The layout version is part of each path: a new layout gets a new folder, so that an
 * older aptroot sharing the store can never misread it.
 */
export interface StoreLayout {
  readonly top: string
  readonly blobs: string
  readonly objects: string
  /** Downloads that were interrupted, by the sha256 they should have. */
  readonly partials: string
  /** Files being written, under random names; on the same file system as the rest, so that rename is atomic. */
  readonly temporaries: string
  /** A file per process that uses the store. */
  readonly running: string
  /** Second names of those files: who is about to make the blob of that sha256. */
  readonly claims: string
  readonly use: StoreUse
}

/** What processes need to find each other. */
export type ProcessPlaces = Pick<StoreLayout, 'temporaries' | 'running' | 'claims'>

/** A layer belongs to somebody else: it is read and checked like any store, and never written to. */
export type StoreUse = 'own' | 'layer'

/** Times of use are as exact as pruning needs; a read-mostly store is not written to for each look. */
export const useNotedEveryMilliseconds = 60 * 60 * 1000

export function layoutOf(storeFolder: string, use: StoreUse): StoreLayout {
  const top = join(storeFolder, 'store-v1')
  return {
    top,
    blobs: join(top, 'sha256'),
    objects: join(top, 'objects'),
    partials: join(top, 'partial'),
    temporaries: join(top, 'temporary'),
    running: join(top, 'running'),
    claims: join(top, 'claim'),
    use,
  }
}

export function blobPath(layout: StoreLayout, sha256: string): string {
  const digest = checkedDigest(sha256)
  return join(layout.blobs, digest.slice(0, 2), digest.slice(2))
}

export function partialPath(layout: StoreLayout, sha256: string): string {
  return join(layout.partials, checkedDigest(sha256))
}

export function claimPath(layout: StoreLayout, sha256: string): string {
  return join(layout.claims, checkedDigest(sha256))
}

export function objectPath(layout: StoreLayout, name: ObjectName): string {
  const digest = objectDigest(name)
  return join(layout.objects, name.kind, digest.slice(0, 2), digest.slice(2))
}

/** sha256 of kind, NUL, key: the object's file name, repeated in its header so that a moved file is noticed. */
export function objectDigest({ kind, key }: ObjectName): string {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(kind))
    throw new Fault('INTERNAL', { message: `'${kind}' is no kind of store object` })
  return createHash('sha256').update(`${kind}\0${key}`).digest('hex')
}

/** A digest becomes a path, so whatever is no digest ends here, whoever passed it. */
function checkedDigest(sha256: string): string {
  if (!isSha256(sha256)) throw new Fault('INTERNAL', { message: `'${sha256}' is no sha256` })
  return sha256
}
