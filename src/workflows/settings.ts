import { constants, lstatSync, realpathSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { decodeUtf8, Fault, quoted } from '../kernel/index.ts'
import {
  defaultSettings,
  type Environment,
  mergeSettings,
  type SettingFlags,
  type Settings,
  settingsOfEnvironment,
  settingsOfFlags,
} from './merge-settings.ts'
import type { SettingsLayer } from './setting-values.ts'
import type { SettingsFile } from './settings-file.ts'

export interface SettingsPlace {
  readonly environment: Environment
  /** Absolute; relative paths of flags and variables are judged from here. */
  readonly workingFolder: string
  /** Absolute; its `.aptroot/settings.yaml` is read. */
  readonly projectFolder: string
}

/** Several hundred mirrors fit in. */
const maximumBytes = 64 * 1024

/**
 * The site settings: flags before `APTROOT_*` variables before the project's file before the user's file before defaults.
 *
 * @throws {Fault} `SETTINGS_INVALID` that names the flag, the variable, or file, line and column
 */
export async function readSettings(flags: SettingFlags, place: SettingsPlace): Promise<Settings> {
  const { environment, workingFolder } = place
  return mergeSettings([
    settingsOfFlags(flags, workingFolder),
    settingsOfEnvironment(environment, workingFolder),
    await projectLayer(place.projectFolder),
    await userLayer(environment),
    defaultSettings(environment),
  ])
}

/**
 * The project's file comes with the project, perhaps in a pull request: it cannot name places outside, nor whose
 * passwords and certificates are used.
 */
async function projectLayer(projectFolder: string): Promise<SettingsLayer> {
  const name = '.aptroot/settings.yaml'
  const path = join(projectFolder, name)
  const text = await readIfPresent(path, name)
  if (text === undefined) return { sources: [] }
  if (!liesInside(projectFolder, path)) throw unreadable(name, 'is a link out of the project')
  return parsed({
    name,
    text,
    refused: new Map([
      [
        'store',
        'What a store remembers is believed: name it in your own settings file, by APTROOT_STORE or by --store.',
      ],
      [
        'store-layers',
        'Their results are believed: name them in your own settings file, by APTROOT_STORE_LAYERS or by --store-layer.',
      ],
      ['credentials', 'Set it in your own settings file, by APTROOT_CREDENTIALS or by a flag.'],
      [
        'security-data',
        'It decides what counts as safe: set it in your own settings file, by APTROOT_SECURITY_DATA or by a flag.',
      ],
      ...['package-caches', 'package-cache-keys', 'revision-service', 'revision-token'].map(
        (name): readonly [string, string] => [
          name,
          'It decides whose builds are believed and who learns the token: set it in your own settings file, by a variable or by a flag.',
        ],
      ),
      ['tls', 'Set it in your own settings file or by APTROOT_TLS_CA, APTROOT_TLS_CERTIFICATE and APTROOT_TLS_KEY.'],
    ]),
    resolvePath: given => {
      const whole = resolve(projectFolder, given)
      const isPlain = given !== '' && !isAbsolute(given) && !given.startsWith('~')
      if (isPlain && isBelow(projectFolder, whole) && liesInside(projectFolder, whole))
        return { kind: 'value', value: whole }
      return {
        kind: 'problem',
        problem: `the path ${quoted(given)} leaves the project`,
        hint: 'Settings of a project name folders inside it; name others in your own settings file or by a flag.',
      }
    },
  })
}

/** @see XDG Base Directory Specification: relative paths in its variables are ignored */
async function userLayer({ XDG_CONFIG_HOME: config, HOME: home }: Environment): Promise<SettingsLayer> {
  const base = config !== undefined && isAbsolute(config) ? config : undefined
  if (base === undefined && (home === undefined || home === '')) return { sources: [] }
  const path = join(base ?? join(home ?? '', '.config'), 'aptroot/settings.yaml')
  const name = home !== undefined && isBelow(home, path) ? `~/${relative(home, path)}` : path
  const text = await readIfPresent(path, name)
  if (text === undefined) return { sources: [] }
  return parsed({
    name,
    text,
    refused: new Map(),
    resolvePath: given => {
      if (given === '') return { kind: 'problem', problem: 'the path is empty', hint: 'Name a folder or file.' }
      if (given.startsWith('~/') && home !== undefined) return { kind: 'value', value: join(home, given.slice(2)) }
      return { kind: 'value', value: resolve(dirname(path), given) }
    },
  })
}

/** `yaml` is loaded where there is something to read. */
async function parsed(file: SettingsFile): Promise<SettingsLayer> {
  const { readSettingsFile } = await import('./settings-file.ts')
  return readSettingsFile(file)
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** Whether a path, which may not exist yet, is inside after all symbolic links; a dangling link could lead anywhere. */
function liesInside(folder: string, path: string): boolean {
  const place = realPlaceOf(path)
  return place !== undefined && isBelow(realpathSync(folder), place)
}

function realPlaceOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) return undefined
    const place = realPlaceOf(dirname(path))
    return place === undefined ? undefined : join(place, basename(path))
  }
}

/** @throws {Fault} `SETTINGS_INVALID` when there is a file that cannot be read */
async function readIfPresent(path: string, name: string): Promise<string | undefined> {
  try {
    // Without O_NONBLOCK opening a pipe waits for its writer.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const facts = await handle.stat()
      if (!facts.isFile()) throw unreadable(name, 'is no regular file')
      if (facts.size > maximumBytes) throw unreadable(name, `has ${facts.size} bytes, more than ${maximumBytes}`)
      const text = decodeUtf8(await handle.readFile())
      if (text === undefined) throw unreadable(name, 'is not UTF-8 text')
      return text
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof Fault) throw error
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (reason === 'ENOENT' || reason === 'ENOTDIR') return undefined
    throw unreadable(name, `cannot be read: ${reason}`, error)
  }
}

function unreadable(name: string, why: string, cause?: unknown): Fault {
  return new Fault('SETTINGS_INVALID', {
    message: `${name}:1: the settings file ${why}`,
    hint: 'Correct the file or take it away; docs/settings.md describes it.',
    context: { file: name, line: 1 },
    cause,
  })
}
