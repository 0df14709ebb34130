import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { Fault, type FaultDetails } from '../kernel/index.ts'

const maximumBytes = 1024 * 1024

/**
 * The text of a file that a setting names: credentials, a certificate, a key. Nothing of its contents is in a fault.
 *
 * @param setting as the user wrote it: `credentials`, `tls.key`
 * @throws {Fault} `SETTINGS_INVALID` when it cannot be read, is no file, or is no such file by its length
 */
export async function readSettingFile(path: string, setting: string): Promise<string> {
  try {
    // Without O_NONBLOCK opening a pipe waits for its writer.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const facts = await handle.stat()
      if (!facts.isFile()) throw unreadable(path, setting, { message: 'it is no file' })
      if (facts.size > maximumBytes)
        throw unreadable(path, setting, { message: `it has ${facts.size} bytes, more than ${maximumBytes}` })
      return await handle.readFile('utf8')
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof Fault) throw error
    const message = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw unreadable(path, setting, { message, cause: error })
  }
}

function unreadable(path: string, setting: string, { message, cause }: Pick<FaultDetails, 'message' | 'cause'>): Fault {
  const [name = setting] = setting.split('.', 1)
  return new Fault('SETTINGS_INVALID', {
    message: `the file ${path} of the setting \`${setting}\` cannot be read: ${message}`,
    hint: `Correct \`${name}\` in the settings file, its flag or its variable, or take it away; docs/settings.md shows each.`,
    context: { setting },
    cause,
  })
}
