import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoOf } from './store-fault.ts'

/**
 * Makes a folder with those above it that are missing. Node's own way (`recursive`) says ENOENT where the file system is read-only, and never
 * ends where ENOENT is the answer to every new name, as in /proc.
 *
 * @returns the first folder that had to be made
 * @throws {Error} of the file system, with its own `code`
 */
export function makeFolder(path: string): string | undefined {
  const parent = dirname(path)
  try {
    return makeOne(path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || parent === path) throw error
  }
  const first = makeFolder(parent)
  const last = makeOne(path)
  return first ?? last
}

/** @returns undefined when it is there, whoever made it */
function makeOne(path: string): string | undefined {
  try {
    mkdirSync(path)
    return path
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return undefined
    throw error
  }
}
