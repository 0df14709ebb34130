import { Args } from '@oclif/core'
import { unreachable } from '../kernel/index.ts'
import { BaseCommand } from './base/base-command.ts'
import { bashScript } from './base/completion/bash.ts'
import { fishScript } from './base/completion/fish.ts'
import { type CompletionModel, completionModel } from './base/completion/model.ts'
import { zshScript } from './base/completion/zsh.ts'
import type { Answer } from './base/envelope.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

export default class Completion extends BaseCommand {
  static readonly readsConfig = true
  static override summary = 'Print a completion script for a shell'
  static override description =
    'Completes commands, flags, and for `lock why`, `lock tree` and `remove` the package names of the lockfile.'
  static override args = {
    shell: Args.custom<Shell>({ options: [...shells] })({ description: 'the shell to write for', required: true }),
  }
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    '<%= config.bin %> completion fish > ~/.config/fish/completions/aptroot.fish',
  ]

  async run(): Promise<Answer> {
    const { args } = await this.parse(Completion)
    const script = scriptOf(args.shell, completionModel(this.config))
    return { result: { shell: args.shell, script }, lines: script.trimEnd().split('\n') }
  }
}

function scriptOf(shell: Shell, model: CompletionModel): string {
  switch (shell) {
    case 'bash':
      return bashScript(model)
    case 'zsh':
      return zshScript(model)
    case 'fish':
      return fishScript(model)
    default:
      return unreachable(shell)
  }
}
