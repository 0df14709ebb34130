import { Fault, isFault, type Session } from '../kernel/index.ts'
import { installLock } from '../workflows/install-lock.ts'
import { type Project, projectOf } from '../workflows/project.ts'
import type { Site } from '../workflows/site.ts'
import { replaceTextFile } from '../workflows/text-file.ts'
import { verifyLock } from '../workflows/verify-lock.ts'
import type { World } from '../workflows/world.ts'
import { botPrefix, branchPrefixOf } from './branch-name.ts'
import { type Git, openGit } from './git.ts'
import type { BotAction, Forge, ForgeRequest, Obstacle } from './model.ts'
import { planActions } from './plan.ts'
import { type CommitDate, markerOf, type PreparedProposal, prepareLock } from './prepare.ts'
import {
  commitAt,
  fetchState,
  type Identity,
  pathInClone,
  pushBranch,
  type RemoteState,
  topOf,
  withWorktree,
} from './repository.ts'

export interface BotRequest {
  /** With the site of each: settings lie beside the manifests of the folder that the bot runs in. */
  readonly locks: readonly { readonly project: Project; readonly site: Site }[]
  /** undefined: branches are pushed, and that is all. */
  readonly forge: Forge | undefined
  readonly bodyForge: 'github' | 'gitlab'
  /** Name or address of the remote, as git takes it. */
  readonly remote: string
  /** undefined: the remote's default branch. */
  readonly base: string | undefined
  /** More git configuration, such as credentials for the remote. */
  readonly configureGit?: (git: Git) => Promise<Git>
  readonly asOf: Date | undefined
  readonly identity: Identity
  readonly commitDate: CommitDate
  readonly labels: readonly string[]
  /** undefined: the least of the policies. */
  readonly limit: number | undefined
  /** `print`: nothing is pushed, opened or closed. */
  readonly mode: 'act' | 'print'
}

export interface BotOutcome {
  readonly branch: string
  readonly did:
    | 'opened'
    | 'refreshed'
    | 'pushed'
    | 'current'
    | 'withdrawn'
    | 'left'
    | 'failed'
    /** With `print`. */
    | 'would-propose'
    | 'would-withdraw'
  readonly detail: string
  readonly title: string | undefined
  readonly sources: readonly string[]
  /** Address of the request. */
  readonly request: string | undefined
}

export interface BotResult {
  readonly base: string
  readonly outcomes: readonly BotOutcome[]
  /** Of single locks and branches: the others went on. */
  readonly faults: readonly Fault[]
}

/**
 * One pass: what the locks' policies let move is proposed, a branch and a request for each group; what is nothing any more is withdrawn. Started
 * again, also after it was killed at any point, it goes on with what is there; what is as it should be is not touched.
 *
 * @throws {Fault} `USAGE_INVALID`, `PROGRAM_FAILED` (git), and what the forge's list of requests throws
 */
export async function runBot(request: BotRequest, session: Session, world: World): Promise<BotResult> {
  const [first] = request.locks
  if (first === undefined) throw new Fault('INTERNAL', { message: 'the bot was given no lock' })
  const { processRunner, environment } = world
  const plain = await openGit(first.project.folder, { processRunner, environment, signal: session.signal })
  const top = await topOf(plain)
  const configured = (await request.configureGit?.(plain)) ?? plain
  const git = configured.in(top)
  await git.run('worktree', 'prune')
  const state = await fetchState(git, request.remote, request.base)
  const requests = await request.forge?.openRequests(botPrefix)
  return withWorktree(git, { commit: state.baseCommit, temporaryFolder: world.temporaryFolder }, worktree =>
    pass({ ...request, top, git, worktree, state, requests }, session, world),
  )
}

interface Pass extends BotRequest {
  readonly top: string
  readonly git: Git
  readonly worktree: Git
  readonly state: RemoteState
  readonly requests: readonly ForgeRequest[] | undefined
}

async function pass(request: Pass, session: Session, world: World): Promise<BotResult> {
  const { state, worktree, requests } = request
  const proposals: PreparedProposal[] = []
  const obstacles: Obstacle[] = []
  const prefixes: string[] = []
  const limits: number[] = []
  const faults: Fault[] = []
  for (const { project, site } of request.locks) {
    const path = await pathInClone(request.top, project.lockPath)
    const manifest = await pathInClone(request.top, project.manifestPath)
    const lock = { project: projectOf(manifest, worktree.folder), site, path }
    try {
      const base = { name: state.base, commit: state.baseCommit }
      const prepared = await prepareLock({ ...request, lock, git: worktree, base }, session, worldIn(worktree, world))
      for (const message of prepared.outdated.expired)
        session.journal.emit({ kind: 'warned', stage: 'lock', message, hint: 'Renew it or remove it.' })
      proposals.push(...prepared.proposals)
      obstacles.push(...prepared.obstacles)
      limits.push(prepared.limit)
      // Only now: what could not be looked at has nothing to withdraw.
      prefixes.push(branchPrefixOf(path))
    } catch (error) {
      session.signal.throwIfAborted()
      if (!isFault(error) || error.exitCode === 70) throw error
      faults.push(error)
    }
  }
  const actions = planActions({
    proposals,
    obstacles,
    branches: state.branches,
    requests,
    declined: await declinedOf(request, proposals),
    prefixes,
    limit: request.limit ?? Math.min(...limits, Number.MAX_SAFE_INTEGER),
  })
  const outcomes: BotOutcome[] = []
  for (const action of actions) {
    session.signal.throwIfAborted()
    if (request.mode === 'print') {
      outcomes.push(intended(action))
      continue
    }
    try {
      outcomes.push(await act(action, request, session, worldIn(worktree, world)))
    } catch (error) {
      session.signal.throwIfAborted()
      if (!isFault(error) || error.exitCode === 70) throw error
      faults.push(error)
      outcomes.push(outcome(action, 'failed', error.message))
      // A forge that refuses one request refuses the next, and a limit only grows.
      if (isFault(error, 'FORGE_DENIED') || isFault(error, 'FORGE_LIMITED')) break
    }
  }
  return { base: state.base, outcomes, faults }
}

/** Paths of messages and of git are judged from the checkout. */
function worldIn(worktree: Git, world: World): World {
  return { ...world, workingFolder: worktree.folder }
}

/** Asked only for branches that would get a new request. */
async function declinedOf(
  { forge, requests }: Pass,
  proposals: readonly PreparedProposal[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const declined = new Map<string, ReadonlySet<string>>()
  if (forge === undefined) return declined
  for (const { branch, digest } of proposals) {
    if (requests?.some(each => each.branch === branch) === true) continue
    const closed = await forge.declinedRequests(branch)
    if (closed.some(each => each.body.includes(markerOf(digest)))) declined.set(branch, new Set([digest]))
  }
  return declined
}

const overtaken = 'somebody pushed to it meanwhile'

async function act(action: BotAction, request: Pass, session: Session, world: World): Promise<BotOutcome> {
  const { git, remote, forge } = request
  switch (action.kind) {
    case 'leave':
      return outcome(action, 'left', action.detail)
    case 'withdraw': {
      const { branch, commit, request: open } = action
      if (commit !== (await commitAt(git, remote, branch))) return outcome(action, 'left', overtaken)
      // The request first: a forge that sees its branch go closes it without a word.
      if (open !== undefined) await forge?.close(open, 'Closed: nothing of it is left to propose.')
      if (commit !== undefined) {
        const pushed = await pushBranch(git, { remote, branch, commit: undefined, replaces: commit })
        if (pushed === 'overtaken') return outcome(action, 'left', overtaken)
      }
      return outcome(action, 'withdrawn', 'nothing of it is left to propose')
    }
    case 'propose': {
      const proposal = action.proposal as PreparedProposal // what was planned is what was prepared
      if (action.push !== undefined) {
        await requireFetchable(proposal, session, world)
        const { branch, commit } = proposal
        const pushed = await pushBranch(git, { remote, branch, commit, replaces: action.push.replaces })
        if (pushed === 'overtaken') return outcome(action, 'left', overtaken)
      }
      if (action.request === 'none' || forge === undefined)
        return outcome(action, action.push === undefined ? 'current' : 'pushed', '')
      if (action.request === 'open') {
        const opened = await forge.open({ ...proposal.text, branch: proposal.branch, base: request.state.base })
        // One that was there already may say something else.
        await forge.update(opened, proposal.text)
        return { ...outcome(action, 'opened', ''), request: opened.url }
      }
      await forge.update(action.request, proposal.text)
      return outcome(action, action.push === undefined ? 'current' : 'refreshed', '')
    }
    default:
      return action satisfies never
  }
}

/**
 * Fetches every deb of the new lock and proves its relations with what was fetched, so that nothing is proposed that cannot be built.
 *
 * @throws {Fault} everything of fetching; `LOCK_NOT_PROVEN`
 */
async function requireFetchable({ lock, lockText, branch }: PreparedProposal, session: Session, world: World) {
  const { project, site } = lock
  await replaceTextFile(project.lockPath, lockText)
  await installLock(
    {
      project,
      site,
      architectures: undefined,
      outputs: undefined,
      purpose: 'fetch',
      expectedDigest: undefined,
      sandbox: undefined,
      builds: 'once',
      documents: { bills: [], provenance: undefined },
    },
    session,
    world,
  )
  const { relations } = await verifyLock({ project, site, questions: new Set() }, session, world)
  if (relations.verdict === 'proven') return
  throw new Fault('LOCK_NOT_PROVEN', {
    message: `${branch}: the relations of the new lock are not proven: ${[...relations.problems, ...relations.unknown][0] ?? ''}`,
    hint: 'Run `aptroot lock update` and `aptroot lock verify` by hand to see more.',
    context: { branch, problems: relations.problems, unknown: relations.unknown },
  })
}

function intended(action: BotAction): BotOutcome {
  switch (action.kind) {
    case 'leave':
      return outcome(action, 'left', action.detail)
    case 'withdraw':
      return outcome(action, 'would-withdraw', 'nothing of it is left to propose')
    case 'propose': {
      const isOpen = action.request !== 'open' && action.request !== 'none'
      if (action.push === undefined && action.request !== 'open') return outcome(action, 'current', '')
      return outcome(action, 'would-propose', isOpen ? 'its request is open' : '')
    }
    default:
      return action satisfies never
  }
}

function outcome(action: BotAction, did: BotOutcome['did'], detail: string): BotOutcome {
  const proposal = action.kind === 'propose' ? action.proposal : undefined
  const open = action.kind === 'leave' ? undefined : action.request
  return {
    branch: proposal?.branch ?? (action.kind === 'propose' ? '' : action.branch),
    did,
    detail,
    title: proposal?.text.title,
    sources: proposal?.sources ?? [],
    request: open === undefined || typeof open === 'string' ? undefined : open.url,
  }
}
