import { posix } from 'node:path'
import { decompress } from '../codec/index.ts'
import type { UnpackedEntry } from '../dpkg/index.ts'
import { concatBytes } from '../kernel/index.ts'
import { type Pack, RootContent } from '../rootfs/index.ts'
import type { Store } from '../store/index.ts'

/** What a deb says about itself below /usr/share/doc. */
export interface DebDocuments {
  /** Of the source package; undefined where the deb has none. */
  readonly changelog: string | undefined
  /** Of a binary-only rebuild, which has a file of its own. */
  readonly rebuildChangelog: string | undefined
  /** The package that has the documents instead: its folder is a link there (Policy 12.3). */
  readonly elsewhere: string | undefined
}

/** Of a text, unpacked: the newest entries stand first, and 200 uploads of the kernel fit in. */
const maximumTextBytes = 2 * 1024 * 1024
/** As it lies in the deb; the kernel's changelog is the longest of Debian's with 1.6 MB. */
const maximumFileBytes = 8 * 1024 * 1024

/**
 * The documents of an unpacked deb. What is larger than 8 MiB there counts as absent, and of a text the first 2 MiB are read.
 *
 * @throws {Fault} `COMPRESSION_CORRUPT`, and of the store
 * @see Debian Policy 12.3, 12.5, 12.7; for rebuilds dh_installchangelogs(1)
 */
export async function readDebDocuments(pack: Pack, store: Store): Promise<DebDocuments> {
  const documents = new DocumentFolder(pack, store)
  try {
    return {
      changelog: await documents.read('changelog.Debian', 'changelog'),
      rebuildChangelog: await documents.read(`changelog.Debian.${pack.deb.architecture}`),
      elsewhere: documents.elsewhere,
    }
  } finally {
    await documents.close()
  }
}

/** Text of debian/copyright; undefined where the deb has none of its own. @throws {Fault} as `readDebDocuments` */
export async function readCopyright(pack: Pack, store: Store): Promise<string | undefined> {
  const documents = new DocumentFolder(pack, store)
  try {
    return await documents.read('copyright')
  } finally {
    await documents.close()
  }
}

/** /usr/share/doc/PACKAGE of one deb. */
class DocumentFolder {
  elsewhere: string | undefined
  readonly #folder: string
  readonly #entries: ReadonlyMap<string, Entry>
  readonly #content: RootContent

  constructor(pack: Pack, store: Store) {
    this.#folder = `usr/share/doc/${pack.deb.name}`
    this.#entries = new Map(pack.deb.entries.map(({ path, entry }) => [path, entry]))
    this.#content = new RootContent({ packs: [pack], generated: new Map(), blobs: new Set(), store })
    this.elsewhere = elsewhereOf(this.#folder, this.#entries.get(this.#folder))
  }

  /** The first of these that is there, compressed or not. */
  async read(...stems: readonly string[]): Promise<string | undefined> {
    for (const stem of stems)
      for (const file of [`${stem}.gz`, stem]) {
        const path = `${this.#folder}/${file}`
        const found = resolved(path, this.#entries)
        if (found?.kind === 'symlink') this.elsewhere ??= elsewhereOf(path, found)
        if (found?.kind !== 'file' || found.content.sizeBytes > maximumFileBytes) continue
        return textOf(this.#content.read(found.content), file)
      }
    return undefined
  }

  close(): Promise<void> {
    return this.#content.close()
  }
}

type Entry = UnpackedEntry['entry']

function resolved(path: string, entries: ReadonlyMap<string, Entry>): Entry | undefined {
  const entry = entries.get(path)
  return entry?.kind === 'hard-link' ? entries.get(entry.target) : entry
}

/** The package whose folder of documents a link leads to; a link to anywhere else leads nowhere. */
function elsewhereOf(path: string, entry: Entry | undefined): string | undefined {
  if (entry?.kind !== 'symlink') return undefined
  const target = posix.resolve('/', posix.dirname(path), entry.target)
  return /^\/usr\/share\/doc\/([a-z0-9][a-z0-9+.-]*)(?:\/|$)/.exec(target)?.[1]
}

async function textOf(bytes: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const whole: Uint8Array[] = []
  for await (const chunk of bytes) whole.push(chunk)
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of name.endsWith('.gz') ? unpacked(whole, name) : whole) {
    // A copy: the bytes may be a view of what the decoder uses again.
    chunks.push(chunk.slice(0, maximumTextBytes - sizeBytes))
    sizeBytes += chunk.length
    if (sizeBytes >= maximumTextBytes) break
  }
  return new TextDecoder().decode(concatBytes(chunks))
}

function unpacked(whole: readonly Uint8Array[], name: string): AsyncIterable<Uint8Array> {
  const source = async function* () {
    yield* whole
  }
  return decompress('gz', source(), { name, maximumBytes: Number.MAX_SAFE_INTEGER })
}
