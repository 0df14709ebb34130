import { botScenarios, describeScenarios } from '../support/bot-scenarios.ts'

describeScenarios(botScenarios)
