import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { outputFault } from '../image/index.ts'
import { decodeUtf8, Fault, quoted, sortedByBytes } from '../kernel/index.ts'
import { type Content, writeBeside } from '../repository/write-beside.ts'
import { type BlobIdentity, makeFolder } from '../store/index.ts'
import { isPlainRelativePath } from '../transfer/index.ts'

/** What earlier runs wrote, one path a line: only that is ever removed. */
const listName = 'aptroot-vendor.list'

const maximumListBytes = 16 * 1024 * 1024

export interface VendoredFile extends BlobIdentity {
  /** Below the vendor folder; plain and relative. */
  readonly path: string
  readonly content: () => Content
}

/**
 * A folder of vendored files. Each file appears whole under its name or not at all, one that is there already with the right bytes is left
 * alone, and no symbolic link is followed: the folder may be part of a repository that others write to.
 *
 * Every method throws {Fault} `OUTPUT_UNWRITABLE` and `DISK_FULL`.
 */
export class VendorFolder {
  readonly #folder: string
  /** As the user wrote it. */
  readonly #name: string
  readonly #written = new Set<string>()

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
  }

  async put(file: VendoredFile): Promise<'written' | 'kept'> {
    this.#written.add(file.path)
    return this.#onDisk(file.path, async () => {
      const target = await this.#placeOf(file.path)
      if (await holds(target, file)) return 'kept'
      await replace(target, file.content())
      return 'written'
    })
  }

  /** @returns how many files of earlier runs were removed, if they are to be */
  async finish(rest: 'keep' | 'remove'): Promise<number> {
    return this.#onDisk(listName, async () => {
      const earlier = await this.#earlierPaths()
      const left = earlier.filter(path => !this.#written.has(path))
      const listed = rest === 'keep' ? [...left, ...this.#written] : this.#written
      // Removed before they are forgotten: an interrupted run must not lose sight of them.
      if (rest === 'remove') for (const path of left) await this.#remove(path)
      const text = sortedByBytes(new Set(listed)).join('\n')
      await replace(join(this.#folder, listName), [Buffer.from(`${text}\n`)])
      return rest === 'remove' ? left.length : 0
    })
  }

  async #earlierPaths(): Promise<readonly string[]> {
    const bytes = await readPlain(join(this.#folder, listName), maximumListBytes)
    const lines = (bytes === undefined ? undefined : decodeUtf8(bytes))?.split('\n') ?? []
    // The list may come from a pull request: a line that is no plain path names nothing.
    return lines.filter(line => line !== '' && isPlainRelativePath(line))
  }

  async #remove(path: string): Promise<void> {
    if (await this.#leadsThroughLink(path)) return
    await rm(join(this.#folder, path), { force: true })
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
      const isGone = await rmdir(join(this.#folder, folder)).then(
        () => true,
        () => false,
      )
      if (!isGone) return
    }
  }

  async #leadsThroughLink(path: string): Promise<boolean> {
    const parts = path.split('/')
    for (let count = 1; count < parts.length; count++) {
      const facts = await lstat(join(this.#folder, ...parts.slice(0, count))).catch(() => undefined)
      if (facts === undefined || !facts.isDirectory()) return true
    }
    return false
  }

  /** Makes the folders of a path, one by one. */
  async #placeOf(path: string): Promise<string> {
    if (!isPlainRelativePath(path)) throw new Fault('INTERNAL', { message: `${quoted(path)} is no plain path` })
    makeFolder(this.#folder)
    let place = this.#folder
    for (const part of path.split('/').slice(0, -1)) {
      place = join(place, part)
      await mkdir(place).catch(error => {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      })
      if (!(await lstat(place)).isDirectory())
        throw new Fault('OUTPUT_UNWRITABLE', {
          message: `cannot write ${this.#name}/${path}: ${part} is there and is no folder`,
          hint: 'Take it away, or choose another folder; links are not followed.',
          context: { output: this.#name, path },
        })
    }
    return join(this.#folder, path)
  }

  async #onDisk<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      const name = `${this.#name}/${path}`
      throw outputFault(error, { path: join(this.#folder, path), name, elsewhere: 'name another folder' })
    }
  }
}

async function holds(target: string, { sha256, sizeBytes }: BlobIdentity): Promise<boolean> {
  const handle = await openPlain(target)
  if (handle === undefined) return false
  try {
    if ((await handle.stat()).size !== sizeBytes) return false
    const hash = createHash('sha256')
    for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk)
    return hash.digest('hex') === sha256
  } finally {
    await handle.close()
  }
}

async function readPlain(path: string, maximumBytes: number): Promise<Uint8Array | undefined> {
  const handle = await openPlain(path)
  if (handle === undefined) return undefined
  try {
    return (await handle.stat()).size > maximumBytes ? undefined : await handle.readFile()
  } finally {
    await handle.close()
  }
}

/** @returns undefined for what is absent, a link, a folder, a pipe */
async function openPlain(path: string) {
  // O_NONBLOCK: opening a pipe would wait for its writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(path, flags).catch(() => undefined)
  if (handle === undefined || (await handle.stat()).isFile()) return handle
  await handle.close()
  return undefined
}

/** A link at the target is replaced, not followed. */
async function replace(target: string, content: Content): Promise<void> {
  await writeBeside(target, content, temporary => rename(temporary, target))
}
