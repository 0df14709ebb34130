import { lstat, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault, isFault, type Session } from '../kernel/index.ts'
import type { Project } from './project.ts'
import { gitEnvironment } from './revision-file.ts'
import { readTextFile, replaceTextFile } from './text-file.ts'
import type { World } from './world.ts'

/** What a clone's configuration needs, since git runs no program that a repository names. */
export const gitSettings = [
  { name: 'merge.aptroot.name', value: 'lockfiles of aptroot' },
  { name: 'merge.aptroot.driver', value: 'aptroot lock merge %O %A %B --path %P' },
  { name: 'diff.aptroot.textconv', value: 'aptroot lock show --or-text' },
] as const

export type GitAttributes =
  /** The project is in no git checkout. */
  { readonly kind: 'no-checkout' } | { readonly kind: 'written' | 'there-already'; readonly line: string }

/**
 * Sees to it that `.gitattributes` beside the lockfile names merge driver and textconv for it. A line that says so already, or says otherwise on
 * purpose, stays as it is.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`; `MANIFEST_MALFORMED` when the file is no text
 */
export async function writeGitAttributes({
  folder,
  lockName,
}: Pick<Project, 'folder' | 'lockName'>): Promise<GitAttributes> {
  if (!(await isInCheckout(folder))) return { kind: 'no-checkout' }
  const name = basename(lockName)
  // One line for `aptroot.lock` and `web.aptroot.lock` alike.
  const pattern = name.endsWith('aptroot.lock') ? '*aptroot.lock' : name
  const line = `${pattern} merge=aptroot diff=aptroot`
  const path = join(folder, '.gitattributes')
  const facts = await lstat(path).catch(() => undefined)
  if (facts?.isSymbolicLink())
    throw new Fault('OUTPUT_UNWRITABLE', {
      message: '.gitattributes is a symbolic link, which git does not follow',
      hint: 'Replace it by a file.',
      context: { file: '.gitattributes' },
    })
  const text = await readTextFile(path, 'MANIFEST_FILE_MISSING').catch((error: unknown) => {
    if (isFault(error, 'MANIFEST_FILE_MISSING')) return ''
    throw error
  })
  const patterns = text.split(/\r?\n/).map(each => each.split(/\s/, 1)[0])
  if (patterns.includes(pattern) || patterns.includes(name)) return { kind: 'there-already', line }
  await replaceTextFile(path, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`)
  return { kind: 'written', line }
}

/** A folder with `.git` above: a folder of its own, or the file that a worktree or a submodule has. */
async function isInCheckout(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    const facts = await stat(join(at, '.git')).catch(() => undefined)
    if (facts !== undefined) return true
    if (at === dirname(at)) return false
  }
}

/**
 * Writes the attributes, and tells this clone which programs they mean. Settings that are the same already stay untouched.
 *
 * @throws {Fault} `PROGRAM_FAILED` when git is missing or refuses; `USAGE_INVALID` outside a checkout
 */
export async function setUpGit(project: Project, session: Session, world: World): Promise<GitAttributes> {
  const attributes = await writeGitAttributes(project)
  if (attributes.kind === 'no-checkout')
    throw new Fault('USAGE_INVALID', {
      message: 'this folder is in no git checkout',
      hint: 'Run `git init` first.',
      context: { folder: project.folder },
    })
  const git = await world.processRunner.find('git')
  if (git === undefined) throw gitFault('git is not on PATH')
  for (const { name, value } of gitSettings) {
    const result = await world.processRunner.run({
      program: git,
      arguments: ['config', '--local', name, value],
      environment: gitEnvironment(world.environment),
      workingFolder: project.folder,
      signal: session.signal,
    })
    if (result.exitStatus !== 0) {
      const [words = ''] = new TextDecoder().decode(result.errorOutput).trim().split('\n')
      throw gitFault(`git config ${name} failed: ${words}`)
    }
  }
  return attributes
}

function gitFault(message: string): Fault {
  return new Fault('PROGRAM_FAILED', {
    message,
    hint: 'Write the lines of docs/git.md to .git/config by hand.',
    context: { program: 'git' },
  })
}
