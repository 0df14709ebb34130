import { afterAll, beforeAll, describe, test } from 'vitest'
import { botScenarios, playScenario } from '../support/bot-scenarios.ts'
import { type BotStage, openBotScene, openBotStage } from '../support/bot-scene.ts'

let stage: BotStage
beforeAll(async () => {
  stage = await openBotStage()
}, 60_000)
afterAll(() => stage.close())

/** Every sixth here; test/system/bot.test.ts plays all of them. */
const slice = botScenarios.filter((_, at) => at % 6 === 1)

describe('one pass of the bot, and another one', () => {
  for (const scenario of slice)
    test(scenario.name, async () => {
      const scene = await openBotScene(stage, scenario.flavour)
      try {
        await playScenario(scenario, scene)
      } finally {
        await scene.close()
      }
    }, 60_000)
})
