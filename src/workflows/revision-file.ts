import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { decodeUtf8, Fault, type Session } from '../kernel/index.ts'
import type { World } from './world.ts'

/** A text together with what people call it. */
export interface NamedText {
  readonly name: string
  readonly text: string
}

export async function isFile(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined)
  return facts?.isFile() === true
}

/**
 * The file as git has it at a revision; `HEAD:other/aptroot.lock` names revision and path, as git does, `:2` a stage of the index. Nothing of the repository's is run: no
 * textconv, no filter, no hook.
 *
 * @throws {Fault} `LOCK_MISSING` when there is no such revision or file; `PROGRAM_FAILED` when git is missing
 */
export async function readRevision(
  revision: string,
  path: string,
  session: Session,
  world: Pick<World, 'processRunner' | 'environment'>,
): Promise<NamedText> {
  const git = await world.processRunner.find('git')
  if (git === undefined)
    throw new Fault('PROGRAM_FAILED', {
      message: `git is not on PATH, and ${revision} is no file`,
      hint: 'Install git, or name two lockfiles.',
      context: { program: 'git', revision },
    })
  // `cat-file` has no end of options before git 2.44.
  if (revision.startsWith('-')) throw absent(revision, path, 'a revision does not start with a dash')
  const isWhole = revision.includes(':') && !/^:[0-3]$/.test(revision)
  const objectName = isWhole ? revision : `${revision}:./${basename(path)}`
  const result = await world.processRunner.run({
    program: git,
    arguments: ['cat-file', 'blob', objectName],
    environment: gitEnvironment(world.environment),
    workingFolder: dirname(path),
    signal: session.signal,
  })
  if (result.exitStatus !== 0) {
    const words = new TextDecoder().decode(result.errorOutput).trim().split('\n')[0] ?? ''
    throw absent(revision, path, words.replace(/^fatal: /, ''))
  }
  const text = decodeUtf8(result.output)
  if (text === undefined) throw absent(revision, path, 'what git has there is not UTF-8')
  return { name: objectName, text }
}

/** What git needs to find its configuration, and nothing that changes what it prints. */
export function gitEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  const kept = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR', 'GIT_OBJECT_DIRECTORY']
  const chosen = kept.flatMap(name => (environment[name] === undefined ? [] : [[name, environment[name]] as const]))
  return { ...Object.fromEntries(chosen), LC_ALL: 'C.UTF-8', GIT_TERMINAL_PROMPT: '0' }
}

function absent(revision: string, path: string, reason: string): Fault {
  return new Fault('LOCK_MISSING', {
    message: `${revision} is neither a file nor a revision that has ${basename(path)}: ${reason}`.replaceAll('\n', ' '),
    hint: 'Name a lockfile, a revision such as HEAD~1, or REVISION:PATH.',
    context: { revision, file: basename(path), reason },
  })
}
