import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { BotResult } from '../../src/bot/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { branchScenarios } from './bot-branch-scenarios.ts'
import { forgeScenarios } from './bot-forge-scenarios.ts'
import { type BotScenario, codes, open } from './bot-scenario.ts'
import { type BotScene, type BotStage, openBotScene, openBotStage, type PassOptions } from './bot-scene.ts'

const botScenarios: readonly BotScenario[] = [...branchScenarios, ...forgeScenarios]

assert.ok(botScenarios.length >= 30, `${botScenarios.length} scenarios are fewer than thirty`)

const isQuick = (at: number) => at % 6 === 1

/** Played by `npm test`; the others by `npm run test:system`. */
export const quickScenarios = botScenarios.filter((_, at) => isQuick(at))
export const otherScenarios = botScenarios.filter((_, at) => !isQuick(at))

/** Plays each on a scene of its own. */
export function describeScenarios(scenarios: readonly BotScenario[]): void {
  let stage: BotStage
  beforeAll(async () => {
    stage = await openBotStage()
  }, 120_000)
  afterAll(() => stage.close())

  // Scenes share nothing but a store, and a pass mostly waits for git.
  describe.concurrent(`one pass of the bot, and another one: ${scenarios.length} of ${botScenarios.length} scenarios`, () => {
    for (const scenario of scenarios)
      test(scenario.name, async () => {
        const scene = await openBotScene(stage, scenario.flavour)
        try {
          await playScenario(scenario, scene)
        } finally {
          await scene.close()
        }
      }, 120_000)
  })
}

/** Both passes, and after each: no branch has two requests, and no commit that a person pushed is gone. */
async function playScenario(scenario: BotScenario, scene: BotScene): Promise<void> {
  await scenario.given?.(scene)
  scenario.first(await attempt(scene, scenario.options), scene)
  requireNoDuplicates(scene)
  await scenario.between?.(scene)
  const [branches, calls] = [scene.branches(), changingCalls(scene)]
  const second = await attempt(scene, scenario.options)
  requireNoDuplicates(scene)
  if (scenario.second !== undefined) return scenario.second(second, scene)
  const verbs = new Set(second.outcomes.map(each => each.did))
  assert.ok(
    [...verbs].every(each => each === 'current' || each === 'left'),
    [...verbs].join(),
  )
  assert.deepEqual(codes(second), [])
  assert.deepEqual(scene.branches(), branches)
  assert.equal(changingCalls(scene), calls)
}

/** A fault of the whole pass is told like that of a branch. What people had pushed before is there afterwards. */
async function attempt(scene: BotScene, options: PassOptions | undefined): Promise<BotResult> {
  const before = scene.commitsOfPeople()
  const result = await pass(scene, options)
  const after = scene.commitsOfPeople()
  assert.deepEqual(
    before.filter(commit => !after.includes(commit)),
    [],
    'a commit is lost',
  )
  return result
}

async function pass(scene: BotScene, options: PassOptions | undefined): Promise<BotResult> {
  try {
    return await scene.pass(options)
  } catch (error) {
    if (!isFault(error)) throw error
    return { base: '', outcomes: [], faults: [error] }
  }
}

function changingCalls({ forge }: BotScene): number {
  return forge.calls.filter(({ method }) => method !== 'GET').length
}

function requireNoDuplicates(scene: BotScene): void {
  const branches = open(scene)
  assert.equal(new Set(branches).size, branches.length, `two requests for one branch: ${branches.join()}`)
}
