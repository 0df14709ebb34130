import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { decodeUtf8, Fault, type FaultCode } from '../kernel/index.ts'

/** 100,000 locked debs take about 25 MB; what is larger is no manifest and no lockfile. */
const maximumBytes = 64 * 1024 * 1024

type Missing = Extract<FaultCode, 'LOCK_MISSING' | 'MANIFEST_MISSING' | 'MANIFEST_FILE_MISSING' | 'PACKAGE_MISSING'>

const hintByCode: Readonly<Record<Missing, string>> = {
  LOCK_MISSING: 'Run `aptroot lock update` to write it.',
  MANIFEST_MISSING: 'Run `aptroot init --suite bookworm NAME…` to write one, or name another manifest with -f.',
  MANIFEST_FILE_MISSING: 'Correct the path; it is relative to the folder of the manifest.',
  PACKAGE_MISSING: 'Write a package.yaml as docs/package-build.md shows, or name the folder that has one.',
}

const malformedByCode = {
  LOCK_MISSING: 'LOCK_MALFORMED',
  MANIFEST_MISSING: 'MANIFEST_MALFORMED',
  MANIFEST_FILE_MISSING: 'MANIFEST_MALFORMED',
  PACKAGE_MISSING: 'MANIFEST_MALFORMED',
} as const satisfies Readonly<Record<Missing, FaultCode>>

/**
 * A text file that a person or aptroot wrote. Devices and pipes are not read: a pull request could make one of them endless.
 *
 * @param missing the code when there is no such file; it also decides the code when it is no text
 * @throws {Fault} that code; `LOCK_MALFORMED` or `MANIFEST_MALFORMED` when it is not UTF-8, no regular file or beyond 64 MiB
 */
export async function readTextFile(path: string, missing: Missing): Promise<string> {
  const name = basename(path)
  try {
    // Without O_NONBLOCK opening a pipe waits for its writer.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const facts = await handle.stat()
      if (!facts.isFile()) throw malformed(missing, name, 'is no regular file')
      if (facts.size > maximumBytes)
        throw malformed(missing, name, `has ${facts.size} bytes, more than ${maximumBytes}`)
      const text = decodeUtf8(await handle.readFile())
      if (text === undefined) throw malformed(missing, name, 'is not UTF-8 text')
      return text
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof Fault) throw error
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const why = reason === 'ENOENT' ? 'does not exist' : `cannot be read: ${reason}`
    throw new Fault(missing, {
      message: `${name} ${why}`,
      hint: hintByCode[missing],
      context: { file: name, reason },
      cause: error,
    })
  }
}

function malformed(missing: Missing, name: string, why: string): Fault {
  return new Fault(malformedByCode[missing], {
    message: `${name} ${why}`,
    hint: hintByCode[missing],
    context: { file: name },
  })
}

/**
 * Replaces a file in one step: a reader sees the old text or the new one, and an interrupted run leaves the old one. Mode and
 * symbolic link of the old file stay.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`, and whatever ends the text
 */
export async function replaceTextFile(path: string, text: string | AsyncIterable<string>): Promise<void> {
  let temporary: string | undefined
  try {
    const target = await realpath(path).catch(() => path)
    const facts = await stat(target).catch(() => undefined)
    temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`)
    const handle = await open(temporary, 'wx', facts === undefined ? 0o666 : facts.mode & 0o777)
    try {
      for await (const part of typeof text === 'string' ? [text] : text) await handle.writeFile(part)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, target)
    temporary = undefined
  } catch (error) {
    if (error instanceof Fault) throw error
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const isFull = reason === 'ENOSPC' || reason === 'EDQUOT'
    throw new Fault(isFull ? 'DISK_FULL' : 'OUTPUT_UNWRITABLE', {
      message: `cannot write ${basename(path)}: ${reason}`,
      hint: isFull
        ? 'Make room and run the command again; the old file is untouched.'
        : 'Check the owner and the permissions of the folder.',
      context: { file: basename(path), reason },
      cause: error,
    })
  } finally {
    if (temporary !== undefined) await rm(temporary, { force: true })
  }
}
