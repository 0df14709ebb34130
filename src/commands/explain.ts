import { Args } from '@oclif/core'
import { explainAllFaultCodes, explainFaultCode } from '../workflows/explain-fault-code.ts'
import { BaseCommand } from './base/base-command.ts'
import type { Answer } from './base/envelope.ts'
import { alignColumns, span } from './base/text.ts'

export default class Explain extends BaseCommand {
  static override summary = 'Say at length what a fault code means and what to do about it'
  static override description = 'Without a code, lists all codes with their exit codes.'
  static override args = {
    code: Args.string({ description: 'the word in brackets at the end of an error, in any case', required: false }),
  }
  static override examples = ['<%= config.bin %> explain RELEASE_EXPIRED', '<%= config.bin %> explain lock-stale']

  async run(): Promise<Answer> {
    const { args } = await this.parse(Explain)
    const { packageFolder } = this.invocation
    if (args.code === undefined) {
      const all = await explainAllFaultCodes(packageFolder)
      const rows = alignColumns(all.map(each => [each.code, String(each.exitCode), each.summary]))
      return {
        result: { codes: all.map(({ code, exitCode, summary }) => ({ code, exitCode, summary })) },
        lines: rows,
      }
    }
    const explanation = await explainFaultCode(args.code, packageFolder)
    return {
      result: explanation,
      lines: [[span('strong', explanation.code)], '', ...withPlainLinks(explanation.text).split('\n')],
    }
  }
}

/** `[settings.md](settings.md)` is of use in a browser only. */
function withPlainLinks(markdown: string): string {
  return markdown.replace(/\[[^\]]*\]\(([^)]*)\)/g, 'docs/$1')
}
