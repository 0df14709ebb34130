import { describeScenarios, otherScenarios } from '../support/bot-scenarios.ts'

describeScenarios(otherScenarios)
