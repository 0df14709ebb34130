import { botScenarios, describeScenarios } from '../support/bot-scenarios.ts'

// A slice; test/system/bot.test.ts plays all of them.
describeScenarios(botScenarios.filter((_, at) => at % 6 === 1))
