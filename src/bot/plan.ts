import { compareBytes } from '../kernel/index.ts'
import type { BotAction, BotBranch, BotState, ForgeRequest, LeaveReason, Proposal } from './model.ts'

/**
 * What one pass has to do, from what is there: a pure function, so that a second pass over what the first one left does nothing.
 *
 * - A branch with commits that the bot did not make is left alone, and so is its request.
 * - What a person closed is not proposed again until it changes.
 * - Security fixes come first; beyond the limit nothing new is begun, what is open is kept up.
 * - A branch or request of the bot's with nothing to propose is withdrawn.
 */
export function planActions(state: BotState): readonly BotAction[] {
  const branches = new Map(state.branches.map(branch => [branch.name, branch]))
  const requests = requestsByBranch(state.requests ?? [])
  const isOurs = (name: string) => state.prefixes.some(prefix => name.startsWith(prefix))
  const proposed = new Set(state.proposals.map(each => each.branch))
  const hindered = new Map(state.obstacles.map(each => [each.branch, each]))
  const isStarted = (name: string) => (state.requests === undefined ? branches.has(name) : requests.has(name))
  const known = [...new Set([...branches.keys(), ...requests.keys()])].filter(isOurs).sort(compareBytes)
  const leftOver = known.filter(name => !proposed.has(name) && !hindered.has(name))
  let room =
    state.limit -
    known.filter(name => isStarted(name) && (!leftOver.includes(name) || branches.get(name)?.owner === 'foreign'))
      .length

  const proposals = byUrgency(state.proposals).map((proposal): BotAction => {
    const branch = branches.get(proposal.branch)
    const request = requests.get(proposal.branch)
    if (branch?.owner === 'foreign') return leave(proposal.branch, 'foreign-commits', foreignDetail)
    if (!isStarted(proposal.branch)) {
      if (state.declined.get(proposal.branch)?.has(proposal.digest) === true)
        return leave(proposal.branch, 'declined', 'its request was closed by a person; it comes back when it changes')
      if (room <= 0) return leave(proposal.branch, 'limit', `${state.limit} are open already`)
      room--
    }
    const push = branch?.commit === proposal.commit ? undefined : { replaces: branch?.commit }
    return {
      kind: 'propose',
      proposal,
      push,
      request: state.requests === undefined ? 'none' : (request ?? 'open'),
    }
  })
  const obstacles = state.obstacles.map(({ branch, because }) => leave(branch, 'obstacle', because))
  const withdrawals = leftOver.map((name): BotAction => withdrawal(name, branches.get(name), requests.get(name)))
  return [...withdrawals, ...proposals, ...obstacles]
}

const foreignDetail = 'it has commits that the bot did not make'

function withdrawal(name: string, branch: BotBranch | undefined, request: ForgeRequest | undefined): BotAction {
  if (branch?.owner === 'foreign') return leave(name, 'foreign-commits', foreignDetail)
  return { kind: 'withdraw', branch: name, commit: branch?.commit, request }
}

function leave(branch: string, because: LeaveReason, detail: string): BotAction {
  return { kind: 'leave', branch, because, detail }
}

/** Of several requests for one branch, which go to different bases, the oldest is the bot's. */
function requestsByBranch(requests: readonly ForgeRequest[]): ReadonlyMap<string, ForgeRequest> {
  const sorted = requests.toSorted((left, right) => right.number - left.number)
  return new Map(sorted.map(request => [request.branch, request]))
}

function byUrgency(proposals: readonly Proposal[]): readonly Proposal[] {
  const rank = ({ urgency }: Proposal) => (urgency === 'security' ? 0 : 1)
  return proposals.toSorted((left, right) => rank(left) - rank(right))
}
