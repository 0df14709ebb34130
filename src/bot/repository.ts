import { createHash, randomBytes } from 'node:crypto'
import { realpath, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { encodeUtf8, Fault } from '../kernel/index.ts'
import { botPrefix } from './branch-name.ts'
import { type Git, gitFault } from './git.ts'
import type { BotBranch } from './model.ts'

/** Where the bot's references to what the remote has lie in the clone: away from the user's own. */
const ownReferences = 'refs/aptroot/bot'

export interface RemoteState {
  /** `main` */
  readonly base: string
  readonly baseCommit: string
  readonly branches: readonly BotBranch[]
}

export interface Identity {
  readonly name: string
  readonly mail: string
}

export interface NewCommit {
  readonly base: string
  /** Of the lock, in the repository. */
  readonly path: string
  readonly text: string
  /** First line and what follows it. */
  readonly message: string
  readonly identity: Identity
  /** RFC 3339 or seconds; undefined: of the base commit. */
  readonly seconds: number | undefined
}

/** The top of the clone that a folder lies in. @throws {Fault} `USAGE_INVALID` outside of one, and for a shallow one */
export async function topOf(git: Git): Promise<string> {
  const answer = await git.ask({ words: ['rev-parse', '--show-toplevel', '--is-shallow-repository'] })
  const [top = '', shallow] = answer.output.split('\n')
  if (answer.exitStatus !== 0)
    throw new Fault('USAGE_INVALID', {
      message: `the folder is no clone of a git repository: ${answer.complaint}`,
      hint: 'Run the bot in a clone whose remote it may push to.',
    })
  // In a shallow one a branch of an older base looks as if all commits before it were somebody's work on it.
  if (shallow === 'true')
    throw new Fault('USAGE_INVALID', {
      message: 'the clone is shallow, so nobody can tell whose commits a branch has',
      hint: 'Clone with the whole history: `fetch-depth: 0`, GIT_DEPTH: 0, or run `git fetch --unshallow`.',
    })
  return top
}

export async function pathInClone(top: string, path: string): Promise<string> {
  const folder = await realpath(join(path, '..'))
  return relative(await realpath(top), join(folder, path.slice(path.lastIndexOf('/') + 1)))
}

/**
 * Brings base and branches of the bot from the remote into references of its own.
 *
 * @param base undefined: what the remote's HEAD names
 */
export async function fetchState(git: Git, remote: string, base: string | undefined): Promise<RemoteState> {
  const name = base ?? (await defaultBranch(git, remote))
  await git.run(
    'fetch',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-recurse-submodules',
    '--prune',
    remote,
    `+refs/heads/${name}:${ownReferences}/base`,
    `+refs/heads/${botPrefix}*:${ownReferences}/heads/${botPrefix}*`,
  )
  const listed = await git.run('for-each-ref', '--format=%(objectname) %(refname)', `${ownReferences}/`)
  const references = listed.split('\n').flatMap(line => {
    const [commit = '', reference = ''] = line.split(' ')
    return commit === '' ? [] : [{ commit, reference }]
  })
  const baseCommit = references.find(each => each.reference === `${ownReferences}/base`)?.commit ?? ''
  const branches: BotBranch[] = []
  for (const { commit, reference } of references) {
    const branch = reference.slice(`${ownReferences}/heads/`.length)
    if (!branch.startsWith(botPrefix)) continue
    branches.push({ name: branch, commit, owner: await ownerOf(git, commit, baseCommit) })
  }
  return { base: name, baseCommit, branches }
}

async function defaultBranch(git: Git, remote: string): Promise<string> {
  const listed = await git.run('ls-remote', '--symref', remote, 'HEAD')
  const name = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(listed)?.[1]
  if (name !== undefined) return name
  throw new Fault('USAGE_INVALID', {
    message: `${remote} does not say which branch is its default`,
    hint: 'Name the branch that locks are updated on with --base.',
    context: { remote },
  })
}

/** A branch with more commits than a bot ever makes is somebody's. */
const maximumCommits = 20

/**
 * Whether the bot made every commit of a branch beyond its base: each says in its last line which lock it wrote, with its digest, and has
 * changed that file to that content and no other file. An amended commit is somebody's, whoever signed it.
 */
async function ownerOf(git: Git, commit: string, base: string): Promise<BotBranch['owner']> {
  const listed = await git.run('rev-list', `--max-count=${maximumCommits + 1}`, commit, '--not', base)
  const commits = listed.split('\n').filter(line => line !== '')
  if (commits.length > maximumCommits) return 'foreign'
  for (const each of commits) if (!(await isMadeByBot(git, each))) return 'foreign'
  return 'bot'
}

async function isMadeByBot(git: Git, commit: string): Promise<boolean> {
  const text = await git.run('cat-file', 'commit', commit)
  const parents = text.split('\n\n', 1)[0]?.match(/^parent /gm) ?? []
  const [, path, digest] = /\nAptroot-Lock: (.+) sha256:([0-9a-f]{64})\n?$/.exec(text) ?? []
  if (parents.length !== 1 || path === undefined || digest === undefined) return false
  const changed = await git.run('diff-tree', '-r', '--no-commit-id', '--name-only', '-z', commit)
  if (changed !== `${path}\0`) return false
  const blob = await git.ask({ words: ['cat-file', 'blob', `${commit}:${path}`] })
  return blob.exitStatus === 0 && digestOf(blob.bytes) === digest
}

export function digestOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

/**
 * Makes a commit of the base with another lock, in the clone's objects alone: no checkout, filter or hook has a part in it. The same request
 * gives the same commit.
 */
export async function makeCommit(git: Git, request: NewCommit): Promise<string> {
  const { base, path, text, identity } = request
  const [mode = ''] = (await git.run('ls-tree', base, '--', path)).split(' ')
  if (mode !== '100644' && mode !== '100755')
    throw new Fault('USAGE_INVALID', {
      message: `${path} is no regular file on the base branch`,
      hint: 'Commit the lockfile there first: `aptroot lock update`.',
      context: { file: path },
    })
  const hashed = await git.ask({ words: ['hash-object', '-w', '--stdin'], input: encodeUtf8(text) })
  if (hashed.exitStatus !== 0) throw gitFault('hash-object', hashed)
  const index = join(git.folder, `.git-index-${randomBytes(6).toString('hex')}`)
  const environment = { GIT_INDEX_FILE: index }
  const inIndex = async (...words: readonly string[]) => {
    const answer = await git.ask({ words, environment })
    if (answer.exitStatus !== 0) throw gitFault(words[0] ?? '', answer)
    return answer.output.trim()
  }
  try {
    await inIndex('read-tree', base)
    await inIndex('update-index', '--cacheinfo', `${mode},${hashed.output.trim()},${path}`)
    const tree = await inIndex('write-tree')
    const baseSeconds = Number(await git.run('show', '--no-patch', '--format=%ct', base))
    const date = `${Math.max(request.seconds ?? 0, baseSeconds)} +0000`
    const made = await git.ask({
      words: ['commit-tree', tree, '-p', base, '-F', '-'],
      input: encodeUtf8(`${request.message}\n\nAptroot-Lock: ${path} sha256:${digestOf(text)}\n`),
      environment: {
        GIT_AUTHOR_NAME: identity.name,
        GIT_AUTHOR_EMAIL: identity.mail,
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_NAME: identity.name,
        GIT_COMMITTER_EMAIL: identity.mail,
        GIT_COMMITTER_DATE: date,
      },
    })
    if (made.exitStatus !== 0) throw gitFault('commit-tree', made)
    return made.output.trim()
  } finally {
    await rm(index, { force: true })
    await rm(`${index}.lock`, { force: true })
  }
}

/** What a branch of the remote is now; undefined: there is no such branch. */
export async function commitAt(git: Git, remote: string, branch: string): Promise<string | undefined> {
  const listed = await git.run('ls-remote', remote, `refs/heads/${branch}`)
  return listed === '' ? undefined : listed.split('\t', 1)[0]
}

export interface Push {
  readonly remote: string
  readonly branch: string
  /** undefined: the branch is deleted. */
  readonly commit: string | undefined
  /** What has to be there now; undefined: no such branch. */
  readonly replaces: string | undefined
}

/**
 * Pushes with a lease: what somebody put there meanwhile stays.
 *
 * @returns `overtaken` when the branch is not what it was when it was looked at
 */
export async function pushBranch(git: Git, push: Push): Promise<'pushed' | 'overtaken'> {
  const { remote, branch, commit, replaces } = push
  const reference = `refs/heads/${branch}`
  const answer = await git.ask({
    words: [
      'push',
      '--porcelain',
      '--no-verify',
      `--force-with-lease=${reference}:${replaces ?? ''}`,
      remote,
      // Without a plus sign, which would override the lease.
      `${commit ?? ''}:${reference}`,
    ],
  })
  if (answer.exitStatus === 0) return 'pushed'
  const there = await commitAt(git, remote, branch)
  // Another pass, or this one before its connection broke, may have done the same.
  if (there === commit) return 'pushed'
  if (there !== replaces || /\(stale info\)/.test(answer.output)) return 'overtaken'
  throw gitFault('push', answer)
}

/** Runs in a checkout of a commit that is gone afterwards. */
export async function withWorktree<Result>(
  git: Git,
  place: { readonly commit: string; readonly temporaryFolder: string },
  use: (worktree: Git) => Promise<Result>,
): Promise<Result> {
  const folder = join(place.temporaryFolder, `aptroot-bot-${randomBytes(6).toString('hex')}`)
  try {
    await git.run('worktree', 'add', '--detach', '--quiet', folder, place.commit)
    return await use(git.in(folder))
  } finally {
    await git.ask({ words: ['worktree', 'remove', '--force', folder] }).catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  }
}
