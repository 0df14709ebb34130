import { describeScenarios, quickScenarios } from '../support/bot-scenarios.ts'

describeScenarios(quickScenarios)
