import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder, syncFolder } from '../store/index.ts'

export type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/**
 * Writes a file beside its target, to the disk, and has it put in place: whole under its name, or not at all. Folders on the way are made.
 *
 * @param place renames or links the temporary file
 */
export async function writeBeside<Outcome>(
  target: string,
  content: Content,
  place: (temporary: string) => Promise<Outcome>,
): Promise<Outcome> {
  const folder = dirname(target)
  const temporary = join(folder, `.aptroot-${randomBytes(8).toString('hex')}`)
  makeFolder(folder)
  try {
    const handle = await open(temporary, 'wx', 0o644)
    try {
      for await (const chunk of content) await handle.writeFile(chunk)
      await handle.sync()
    } finally {
      await handle.close()
    }
    const outcome = await place(temporary)
    await syncFolder(folder)
    return outcome
  } finally {
    await rm(temporary, { force: true })
  }
}
