import { type Fault, isFault } from '../kernel/index.ts'
import type { ForgeAnswer } from './forge-api.ts'
import type { Forge, ForgeRequest } from './model.ts'

export interface OpenAttempt {
  readonly branch: string
  readonly forge: Forge
  readonly read: (value: unknown) => ForgeRequest | undefined
  readonly refusal: (answer: ForgeAnswer) => Fault
}

/**
 * Opens a request and tells which it is. Where the forge says that there is one, or where the answer was lost and nobody knows whether it was
 * made, the open requests are looked at: a second POST could make a second request.
 */
export async function findOpenAfter(post: () => Promise<ForgeAnswer>, attempt: OpenAttempt): Promise<ForgeRequest> {
  const { branch, forge, read, refusal } = attempt
  let reason: unknown
  try {
    const answer = await post()
    const made = answer.status < 300 ? read(answer.body) : undefined
    if (made !== undefined) return made
    reason = refusal(answer)
  } catch (error) {
    if (!isFault(error) || error.exitCode !== 4 || isFault(error, 'FORGE_LIMITED')) throw error
    reason = error
  }
  const found = (await forge.openRequests(branch)).find(each => each.branch === branch)
  if (found !== undefined) return found
  throw reason
}
