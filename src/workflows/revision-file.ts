import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { decodeUtf8, Fault, type ProcessResult, type Session } from '../kernel/index.ts'
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
  world: GitWorld,
): Promise<NamedText> {
  // `cat-file` has no end of options before git 2.44.
  if (revision.startsWith('-')) throw absent(revision, path, 'a revision does not start with a dash')
  const isWhole = revision.includes(':') && !/^:[0-3]$/.test(revision)
  const objectName = isWhole ? revision : `${revision}:./${basename(path)}`
  const result = await runGit(['cat-file', 'blob', objectName], { revision, folder: dirname(path), session, world })
  if (result.exitStatus !== 0) throw absent(revision, path, firstWords(result.errorOutput))
  const text = decodeUtf8(result.output)
  if (text === undefined) throw absent(revision, path, 'what git has there is not UTF-8')
  return { name: objectName, text }
}

/** A file as a tree of git lists it. */
export interface ListedFile {
  /** `100644`, `100755`, `120000` for a symbolic link. */
  readonly mode: string
  /** Of the blob: sha1 or sha256, as the repository has it. */
  readonly id: string
  /** What a symbolic link holds. */
  readonly link: string | undefined
}

/**
 * The files at and below paths of a tree, by their paths in it. What is not there is left out.
 *
 * @param tree `HEAD:./`, `HEAD:folder`
 * @param folder where `./` is
 * @throws {Fault} `LOCK_MISSING` when there is no such tree; `PROGRAM_FAILED` when git is missing
 */
export async function listRevision(
  tree: string,
  paths: readonly string[],
  folder: string,
  session: Session,
  world: GitWorld,
): Promise<ReadonlyMap<string, ListedFile>> {
  const run = { revision: tree, folder, session, world }
  if (tree.startsWith('-')) throw absent(tree, folder, 'a revision does not start with a dash')
  const result = await runGit(['--literal-pathspecs', 'ls-tree', '--full-tree', '-r', '-z', tree, '--', ...paths], run)
  if (result.exitStatus !== 0) throw absent(tree, folder, firstWords(result.errorOutput))
  const found = new Map<string, ListedFile>()
  for (const line of Buffer.from(result.output).toString('utf8').split('\0')) {
    const [, mode, id, path] = /^(\d{6}) \S+ ([0-9a-f]{40,64})\t(.+)$/s.exec(line) ?? []
    if (mode === undefined || id === undefined || path === undefined) continue
    const link = mode === '120000' ? await runGit(['cat-file', 'blob', id], run) : undefined
    found.set(path, { mode, id, link: link && Buffer.from(link.output).toString('utf8') })
  }
  return found
}

type GitWorld = Pick<World, 'processRunner' | 'environment'>

interface GitRun {
  /** For the fault. */
  readonly revision: string
  readonly folder: string
  readonly session: Session
  readonly world: GitWorld
}

async function runGit(words: readonly string[], { revision, folder, session, world }: GitRun): Promise<ProcessResult> {
  const git = await world.processRunner.find('git')
  if (git === undefined)
    throw new Fault('PROGRAM_FAILED', {
      message: `git is not on PATH, and ${revision} is no file`,
      hint: 'Install git, or name two lockfiles.',
      context: { program: 'git', revision },
    })
  return world.processRunner.run({
    program: git,
    arguments: words,
    environment: gitEnvironment(world.environment),
    workingFolder: folder,
    signal: session.signal,
  })
}

function firstWords(errorOutput: Uint8Array): string {
  const words = new TextDecoder().decode(errorOutput).trim().split('\n')[0] ?? ''
  return words.replace(/^fatal: /, '')
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
