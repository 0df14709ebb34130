import { constants } from 'node:fs'
import { lstat, open, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { Fault } from '../kernel/index.ts'
import type { Project } from './project.ts'

/** A manifest's keys and small inputs; nothing of this kind is near 16 MiB. */
const maximumInputBytes = 16 * 1024 * 1024

/**
 * The real place of a path that a manifest names, which must lie inside the project, also after every symbolic link: a pull
 * request must neither read the host's secrets nor write elsewhere.
 *
 * What does not exist yet is judged by its nearest existing folder, so outputs can be confined before they are made.
 *
 * @returns an absolute path
 * @throws {Fault} `MANIFEST_PATH_OUTSIDE`; `MANIFEST_FILE_MISSING` when the path cannot be followed at all
 */
export async function confinePath(project: Pick<Project, 'folder' | 'manifestName'>, path: string): Promise<string> {
  const folder = await realpath(project.folder)
  const wanted = resolve(folder, path)
  if (isAbsolute(path) || !isInside(folder, wanted)) throw outside(project, path)
  const existing = await nearestExisting(wanted).catch((error: unknown) => {
    // A link to itself, a file used as a folder, a name of a thousand characters.
    throw unreadable(project, path, `cannot be followed: ${errorCode(error)}`)
  })
  if (!isInside(folder, existing.real)) throw outside(project, path)
  return join(existing.real, existing.rest)
}

/**
 * The bytes of a regular file inside the project.
 *
 * @throws {Fault} `MANIFEST_PATH_OUTSIDE`, `MANIFEST_FILE_MISSING` when it is absent, no regular file, or beyond 16 MiB
 */
export async function readManifestFile(
  project: Pick<Project, 'folder' | 'manifestName'>,
  path: string,
): Promise<Uint8Array> {
  const place = await confinePath(project, path)
  try {
    // A pipe or a device would never end; without O_NONBLOCK opening a pipe waits for its writer.
    const handle = await open(place, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    try {
      const facts = await handle.stat()
      if (!facts.isFile()) throw unreadable(project, path, 'is no regular file')
      if (facts.size > maximumInputBytes) throw unreadable(project, path, `has ${facts.size} bytes`)
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof Fault) throw error
    const reason = errorCode(error)
    throw unreadable(project, path, reason === 'ENOENT' ? 'does not exist' : `cannot be read: ${reason}`)
  }
}

async function nearestExisting(path: string): Promise<{ readonly real: string; readonly rest: string }> {
  for (let ancestor = path; ; ancestor = dirname(ancestor)) {
    try {
      return { real: await realpath(ancestor), rest: relative(ancestor, path) }
    } catch (error) {
      // A dangling link has no real path but would be written through: it counts as outside.
      const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!isAbsent || ancestor === dirname(ancestor)) throw error
      if (await isLink(ancestor)) return { real: '/', rest: '' }
    }
  }
}

async function isLink(path: string): Promise<boolean> {
  return await lstat(path).then(
    facts => facts.isSymbolicLink(),
    () => false,
  )
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

/** Both absolute and real. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

function outside({ manifestName }: Pick<Project, 'manifestName'>, path: string): Fault {
  return new Fault('MANIFEST_PATH_OUTSIDE', {
    message: `${manifestName} names ${JSON.stringify(path)}, which lies outside the project's folder`,
    hint: 'Name a path below the folder of the manifest; links that lead out of it are not followed.',
    context: { manifest: manifestName, path },
  })
}

function unreadable({ manifestName }: Pick<Project, 'manifestName'>, path: string, problem: string): Fault {
  return new Fault('MANIFEST_FILE_MISSING', {
    message: `${manifestName} names ${JSON.stringify(path)}, which ${problem}`,
    hint: 'Correct the path; it is relative to the folder of the manifest.',
    context: { manifest: manifestName, path },
  })
}
