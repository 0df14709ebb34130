/** A request of the forge to merge a branch of the same repository, as the bot looks at it. */
export interface ForgeRequest {
  readonly number: number
  /** Where people read it. */
  readonly url: string
  readonly branch: string
  readonly title: string
  readonly body: string
  readonly labels: readonly string[]
}

/** What a request says. */
export interface RequestText {
  readonly title: string
  readonly body: string
  readonly labels: readonly string[]
}

export interface NewRequest extends RequestText {
  readonly branch: string
  readonly base: string
}

/**
 * A forge's requests. Requests whose branch lies in another repository, a fork's, are never told of: their branches may have any name.
 *
 * @throws {Fault} `FORGE_DENIED`, `FORGE_REFUSED`, `FORGE_LIMITED`, `NETWORK_*`
 */
export interface Forge {
  /** Open ones whose branch begins so, by number. */
  openRequests(branchPrefix: string): Promise<readonly ForgeRequest[]>
  /** Closed ones of this branch that were not merged. */
  declinedRequests(branch: string): Promise<readonly ForgeRequest[]>
  /** Opens one, or finds the one that is open for the branch already: never makes a second. `update` has to follow: it may say something else. */
  open(request: NewRequest): Promise<ForgeRequest>
  update(request: ForgeRequest, text: RequestText): Promise<void>
  close(request: ForgeRequest, body: string): Promise<void>
}

/** One group of one lock, ready to be proposed. */
export interface Proposal {
  readonly lockName: string
  readonly group: string
  readonly branch: string
  /** Of the base branch with the new lock, made in the clone. */
  readonly commit: string
  /** sha256 of the new lock. */
  readonly digest: string
  /** Whether it holds a security fix: those come before the others. */
  readonly urgency: 'security' | 'other'
  readonly text: RequestText
  /** Source packages. */
  readonly sources: readonly string[]
}

/** A branch of the bot's at the remote. */
export interface BotBranch {
  readonly name: string
  readonly commit: string
  /** `bot`: every commit that the base branch does not have is one that the bot made. */
  readonly owner: 'bot' | 'foreign'
}

/** Why a group of changes has no proposal although it has changes. Its branch stays as it is. */
export interface Obstacle {
  readonly lockName: string
  readonly group: string
  readonly branch: string
  readonly because: string
}

/** Everything that decides what one pass does. */
export interface BotState {
  readonly proposals: readonly Proposal[]
  readonly obstacles: readonly Obstacle[]
  readonly branches: readonly BotBranch[]
  /** undefined: there is no forge, branches are all there is. */
  readonly requests: readonly ForgeRequest[] | undefined
  /** Branch → digests that a person closed the request of. */
  readonly declined: ReadonlyMap<string, ReadonlySet<string>>
  /** `aptroot/LOCK/` of the locks that were looked at: other branches are none of this pass's business. */
  readonly prefixes: readonly string[]
  /** Open requests at a time, or branches where there is no forge. */
  readonly limit: number
}

export type BotAction =
  | {
      readonly kind: 'propose'
      readonly proposal: Proposal
      /** undefined: the branch is as it should be. `replaces`: the commit that is there now. */
      readonly push: { readonly replaces: string | undefined } | undefined
      readonly request: ForgeRequest | 'open' | 'none'
    }
  /** Nothing is left to propose. */
  | {
      readonly kind: 'withdraw'
      readonly branch: string
      readonly commit: string | undefined
      readonly request: ForgeRequest | undefined
    }
  | { readonly kind: 'leave'; readonly branch: string; readonly because: LeaveReason; readonly detail: string }

export type LeaveReason = 'foreign-commits' | 'limit' | 'declined' | 'obstacle'
