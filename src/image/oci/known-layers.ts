import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { encodeUtf8 } from '../../kernel/index.ts'
import type { ObjectName, Store } from '../../store/index.ts'
import { type TreeEntry, treeDigest } from '../../tree/index.ts'
import { blobFolder, type Descriptor } from './blobs.ts'

/** What a layer was compressed to. */
export interface KnownLayer {
  readonly descriptor: Descriptor
  /** Digest of the uncompressed tar. */
  readonly diffId: string
}

/** What layers were compressed to before, by what is in them. It saves the compressing where a layout still has the blob. */
export interface KnownLayers {
  /** @returns undefined unless the layout has the bytes, which are read and compared */
  find(layout: string, tree: ReadonlyMap<string, TreeEntry>): Promise<KnownLayer | undefined>
  keep(tree: ReadonlyMap<string, TreeEntry>, layer: KnownLayer): Promise<void>
}

export function knownLayers(store: Pick<Store, 'readRecord' | 'putRecord'> | undefined): KnownLayers {
  return {
    async find(layout, tree) {
      const record = await store?.readRecord(nameOf(tree))
      if (record === undefined) return undefined
      const layer = JSON.parse(Buffer.from(record).toString('utf8')) as KnownLayer
      return (await isThere(layout, layer.descriptor)) ? layer : undefined
    },
    keep: async (tree, layer) => store?.putRecord(nameOf(tree), encodeUtf8(JSON.stringify(layer))),
  }
}

/** The encoder decides on the bytes too: they hold per version of zlib. The first number counts changes of the tar. */
function nameOf(tree: ReadonlyMap<string, TreeEntry>): ObjectName {
  return { kind: 'layer', key: `2 gzip 6 ${process.versions.zlib} ${treeDigest(tree)}` }
}

async function isThere(layout: string, { digest, size }: Descriptor): Promise<boolean> {
  const hash = createHash('sha256')
  let found = 0
  try {
    for await (const bytes of createReadStream(join(blobFolder(layout), digest.replace('sha256:', '')))) {
      hash.update(bytes)
      found += bytes.length
    }
  } catch {
    return false
  }
  return found === size && `sha256:${hash.digest('hex')}` === digest
}
