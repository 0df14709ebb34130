export {
  createForge,
  type ForgeChoice,
  type ForgeSettings,
  forgeKinds,
  forgeSettings,
  remoteCredentials,
} from './forge-settings.ts'
export type { Forge, ForgeRequest } from './model.ts'
export { type BotOutcome, type BotRequest, type BotResult, runBot } from './run-bot.ts'
