import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, lstat, open, readdir, rename, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../kernel/index.ts'
import { type Content, writeBeside } from './write-beside.ts'

/**
 * The files of a repository, by paths below its folder that the callers made themselves. A file appears whole under its name or not at
 * all, and has reached the disk before a later one is written that names it.
 *
 * Every method throws {Fault} `OUTPUT_UNWRITABLE` and `DISK_FULL`.
 */
export class RepositoryFolder {
  readonly path: string
  /** As the user wrote it. */
  readonly name: string

  constructor(path: string, name: string) {
    this.path = path
    this.name = name
  }

  /** Writes a file in place of what is there. @param modifiedAt what its time shall be; default: now */
  async replace(path: string, content: Content, modifiedAt?: Date): Promise<void> {
    const target = join(this.path, path)
    await this.#onDisk(path, () =>
      writeBeside(target, content, async temporary => {
        if (modifiedAt !== undefined) await utimes(temporary, modifiedAt, modifiedAt)
        await rename(temporary, target)
      }),
    )
  }

  /** Writes a file that nobody has written before; of two that try at once, one is told `taken`. */
  async create(path: string, content: Content): Promise<'created' | 'taken'> {
    const target = join(this.path, path)
    return this.#onDisk(path, () =>
      writeBeside(target, content, async temporary => {
        try {
          await link(temporary, target)
          return 'created'
        } catch (error) {
          if (codeOf(error) === 'EEXIST') return 'taken'
          throw error
        }
      }),
    )
  }

  /** @returns undefined for what is absent, a link or no file */
  async open(path: string): Promise<FileHandle | undefined> {
    return this.#onDisk(path, async () => {
      // O_NONBLOCK: opening a pipe would wait for its writer.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
      const handle = await open(join(this.path, path), flags).catch(error => {
        if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined
        throw error
      })
      if (handle === undefined || (await handle.stat()).isFile()) return handle
      await handle.close()
      return undefined
    })
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const handle = await this.open(path)
    if (handle === undefined) return undefined
    try {
      return await this.#onDisk(path, () => handle.readFile())
    } finally {
      await handle.close()
    }
  }

  /** Names in a folder; none where it is not there. */
  async list(path: string): Promise<readonly string[]> {
    return this.#onDisk(path, () => orAbsent(readdir(join(this.path, path)), []))
  }

  /** Paths of the files below a folder. */
  async listAll(path: string): Promise<readonly string[]> {
    const entries = await this.#onDisk(path, () =>
      orAbsent(readdir(join(this.path, path), { recursive: true, withFileTypes: true }), []),
    )
    const top = join(this.path, '/')
    return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name).slice(top.length))
  }

  async sizeOf(path: string): Promise<number | undefined> {
    return this.#onDisk(path, () =>
      orAbsent(
        lstat(join(this.path, path)).then(facts => (facts.isFile() ? facts.size : undefined)),
        undefined,
      ),
    )
  }

  /** sha256 of a file, or undefined where there is none. */
  async digestOf(path: string): Promise<string | undefined> {
    const handle = await this.open(path)
    if (handle === undefined) return undefined
    try {
      const hash = createHash('sha256')
      await this.#onDisk(path, async () => {
        for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk)
      })
      return hash.digest('hex')
    } finally {
      await handle.close()
    }
  }

  /** Milliseconds since 1970 at which the file was written or last noted. */
  async notedAt(path: string): Promise<number | undefined> {
    return this.#onDisk(path, () =>
      orAbsent(
        lstat(join(this.path, path)).then(facts => facts.mtimeMs),
        undefined,
      ),
    )
  }

  /** Puts a file's time to now, where it is there: what is cleaned up by age begins to age. */
  async note(path: string, now: Date): Promise<void> {
    await this.#onDisk(path, () => orAbsent(utimes(join(this.path, path), now, now), undefined))
  }

  async remove(path: string): Promise<void> {
    await this.#onDisk(path, () => rm(join(this.path, path), { force: true }))
  }

  async #onDisk<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      const code = codeOf(error)
      if (code === undefined) throw error
      const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)
      throw new Fault(isFull ? 'DISK_FULL' : 'OUTPUT_UNWRITABLE', {
        message: isFull
          ? `no room left to write ${this.name}/${path}: ${code}`
          : `cannot use ${this.name}/${path}: ${code}`,
        hint: isFull
          ? 'Make room and run it again; what was published before is untouched.'
          : 'Check the owner and the permissions of the repository.',
        context: { repository: this.name, path, reason: code },
        cause: error,
      })
    }
  }
}

async function orAbsent<Result>(work: Promise<Result>, absent: Result): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return absent
    throw error
  }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
