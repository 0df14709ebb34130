import assert from 'node:assert/strict'
import type { BotResult } from '../../src/bot/index.ts'
import type { BotScene, PassOptions } from './bot-scene.ts'
import type { ForgeFlavour } from './loopback-forge.ts'

export interface BotScenario {
  /** A sentence about the bot. */
  readonly name: string
  readonly flavour?: ForgeFlavour
  /** Of both passes. */
  readonly options?: PassOptions
  /** Before the first pass. */
  readonly given?: (scene: BotScene) => Promise<void> | void
  readonly first: (result: BotResult, scene: BotScene) => void
  /** Between the passes; by default nothing. */
  readonly between?: (scene: BotScene) => Promise<void> | void
  /** Of the second pass; by default it finds everything as it should be. */
  readonly second?: (result: BotResult, scene: BotScene) => void
}

export const security = 'aptroot/aptroot/security'
export const updates = 'aptroot/aptroot/updates'

export const did = ({ outcomes }: BotResult) => outcomes.map(each => `${each.did} ${each.branch}`)
export const codes = ({ faults }: BotResult) => faults.map(each => each.code)
export const open = ({ forge }: BotScene) =>
  forge.requests.filter(each => each.state === 'open' && each.origin === 'own').map(each => each.branch)

/** `opened` for every branch, and the requests are there. */
export function opens(...branches: readonly string[]) {
  return (result: BotResult, scene: BotScene) => {
    assert.deepEqual(codes(result), [])
    assert.deepEqual(
      did(result),
      branches.map(branch => `opened ${branch}`),
    )
    assert.deepEqual(open(scene).sort(), [...branches].sort())
  }
}

export async function opened(scene: BotScene): Promise<void> {
  opens(security, updates)(await scene.pass(), scene)
}

/** A pass before, whose requests are there; then something happens to them. */
export function after(happens: (scene: BotScene) => Promise<void> | void) {
  return async (scene: BotScene) => {
    await opened(scene)
    await happens(scene)
  }
}

export const status = (code: number, headers: Record<string, string> = {}, body: unknown = {}) =>
  ({ kind: 'status', status: code, headers, body }) as const

export const pulls = 'repos/team/images/pulls'
