import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compareBytes, isFault } from '../kernel/index.ts'
import { readSettingFile } from './secret-file.ts'

/**
 * The text of a netrc file or of apt's auth.conf; of a folder such as auth.conf.d, the texts of its files one after the other.
 *
 * @throws {Fault} `SETTINGS_INVALID` that names the file and shows nothing of it
 * @see apt_auth.conf(5)
 */
export async function readCredentials(path: string): Promise<string> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true
  if (!isFolder) return readSettingFile(path, 'credentials')
  const texts = await Promise.all((await partsOf(path)).map(part => readSettingFile(part, 'credentials')))
  return texts.join('\n')
}

/**
 * What apt on this host knows: auth.conf, then auth.conf.d. Files that this user may not read are passed over, as they often are for
 * root alone.
 *
 * @param rootFolder `/`
 */
export async function readHostCredentials(rootFolder: string): Promise<string> {
  const folder = join(rootFolder, 'etc/apt')
  const paths = [join(folder, 'auth.conf'), ...(await partsOf(join(folder, 'auth.conf.d')).catch(() => []))]
  const texts = await Promise.all(paths.map(path => readSettingFile(path, 'credentials').catch(passOver)))
  return texts.join('\n')
}

/**
 * Names that end in `.conf` (`mirror.example.org.conf` too) or have no ending, by bytes: apt leaves hidden files and the backups of editors and
 * packages alone.
 */
async function partsOf(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter(name => /^[\w:-]+([\w:.-]*\.conf)?$/.test(name))
  return names.sort(compareBytes).map(name => join(folder, name))
}

function passOver(error: unknown): string {
  if (isFault(error, 'SETTINGS_INVALID')) return ''
  throw error
}
