import { afterAll, beforeAll, describe, test } from 'vitest'
import { botScenarios, playScenario } from '../support/bot-scenarios.ts'
import { type BotStage, openBotScene, openBotStage } from '../support/bot-scene.ts'

let stage: BotStage
beforeAll(async () => {
  stage = await openBotStage()
})
afterAll(() => stage.close())

describe('one pass of the bot, and another one', () => {
  for (const scenario of botScenarios)
    test(scenario.name, async () => {
      const scene = await openBotScene(stage, scenario.flavour)
      try {
        await playScenario(scenario, scene)
      } finally {
        await scene.close()
      }
    })
})
