import { constants, lstatSync, readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { displayByteString } from '../codec/index.ts'
import { pathFilter } from '../dpkg/index.ts'
import { Fault, type Session } from '../kernel/index.ts'
import type { Store } from '../store/index.ts'
import { type BuildOutput, maximumOutputs, outputNameProblem } from './build-record.ts'

export interface OutputRequest {
  /** Absolute: where the build left them. Whoever built could put anything there, and nothing runs there any more. */
  readonly folder: string
  /** Patterns of names. */
  readonly names: readonly string[]
  readonly store: Store
}

/**
 * Takes what a build left into the store: regular files alone, by their names; no link is followed, no pipe or device is opened.
 *
 * @returns in byte order of the names
 * @throws {Fault} `PACKAGE_OUTPUT_INVALID` when there is none, or one that is no plain file with a plain name
 */
export async function collectOutputs(
  { folder, names, store }: OutputRequest,
  session: Session,
): Promise<readonly [BuildOutput, ...BuildOutput[]]> {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw outputInvalid('/build', 'is no folder any more')
  const isWanted = pathFilter(names.map(each => `/${each}`))
  const found = readdirSync(folder, { encoding: 'latin1' }).filter(isWanted).sort()
  if (found.length > maximumOutputs)
    throw outputInvalid('/build', `holds ${found.length} outputs, more than ${maximumOutputs}`)
  const outputs: BuildOutput[] = []
  for (const name of found) {
    session.signal.throwIfAborted()
    const problem = outputNameProblem(name)
    if (problem !== undefined) throw outputInvalid(displayByteString(name.slice(0, 200)), `cannot be kept: ${problem}`)
    outputs.push({ name, ...(await keep(folder, name, store, session)) })
  }
  const [first, ...rest] = outputs
  if (first !== undefined) return [first, ...rest]
  throw new Fault('PACKAGE_OUTPUT_INVALID', {
    message: `the command ended well, and left nothing called ${names.join(' or ')} beside the sources`,
    hint: 'Let the command write its debs to the folder above the sources, or correct `outputs` in package.yaml.',
    context: { names },
  })
}

async function keep(folder: string, name: string, store: Store, session: Session) {
  const path = join(folder, name)
  if (!lstatSync(path).isFile()) throw outputInvalid(name, 'is no regular file')
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const blob = await store.putFile(handle, session)
    if (blob === 'changed') throw outputInvalid(name, 'changed while it was read')
    return blob
  } finally {
    await handle.close()
  }
}

/** @param problem in words that follow "which the build left," */
export function outputInvalid(name: string, problem: string): Fault {
  return new Fault('PACKAGE_OUTPUT_INVALID', {
    message: `${name}, which the build left, ${problem}`,
    hint: 'Correct the command of the package, or `outputs` in package.yaml.',
    context: { output: name },
  })
}
