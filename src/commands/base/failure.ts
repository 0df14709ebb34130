import { stripVTControlCharacters } from 'node:util'
import type { Config } from '@oclif/core'
import { didYouMean, Fault } from '../../kernel/index.ts'

/** Turns whatever escaped from a command into the fault that is shown. */
export function faultOf(
  error: unknown,
  invocation: { readonly signal: AbortSignal; readonly helpCommand: string },
): Fault {
  // Once interrupted, every later error is a consequence: a closed socket, an aborted read, a half-written file.
  if (invocation.signal.aborted && invocation.signal.reason instanceof Fault) return invocation.signal.reason
  if (error instanceof Fault) return error
  if (isOclifError(error)) return usageFault(error, invocation.helpCommand)
  return internalFault(error)
}

export function internalFault(error: unknown): Fault {
  const summary = error instanceof Error ? `${error.name}: ${error.message}` : `thrown value: ${String(error)}`
  return new Fault('INTERNAL', {
    message: oneLine(`a bug in aptroot: ${summary}`),
    hint: 'Run the command again with --verbose and report its output, together with that of `aptroot doctor --json`, where you got aptroot from.',
    cause: error,
  })
}

/** oclif marks its errors; importing it for `instanceof` would load it in every run. */
function isOclifError(error: unknown): error is ParseError {
  return error instanceof Error && 'oclif' in error
}

interface ParseError extends Error {
  readonly flags?: readonly string[]
  readonly args?: readonly (string | { readonly name: string })[]
  readonly parse?: { readonly input?: { readonly flags?: Readonly<Record<string, unknown>> } }
}

/** oclif's errors are recognised by class name, since it does not export the classes; a bundler may decorate the names. */
function usageFault(error: ParseError, helpCommand: string): Fault {
  const seeHelp = `Run \`${helpCommand}\` for what it takes.`
  switch (error.constructor.name.replace(/^_|\d+$/g, '')) {
    case 'NonExistentFlagsError': {
      const flag = error.flags?.[0] ?? ''
      const known = Object.keys(error.parse?.input?.flags ?? {}).map(name => `--${name}`)
      const meant = didYouMean(flag.replace(/=.*$/s, ''), known)
      return usage(`unknown flag ${flag.replace(/=.*$/s, '')}`, joined(meant, seeHelp), {
        flag: flag.replace(/=.*$/s, ''),
      })
    }
    case 'UnexpectedArgsError': {
      const found = error.args?.map(String).join(' ') ?? ''
      return usage(`unexpected argument: ${found}`, seeHelp, { argument: found })
    }
    case 'RequiredArgsError': {
      const names = error.args?.map(each => (typeof each === 'string' ? each : each.name.toUpperCase())) ?? []
      return usage(`missing argument: ${names.join(', ')}`, seeHelp, { arguments: names })
    }
    case 'FailedFlagValidationError':
    case 'ViolatedFlagConstraintError': {
      // One reason per line below a heading, dimmed on a terminal.
      const reasons = stripVTControlCharacters(error.message)
        .replace(/\nSee more help.*$/s, '')
        .split('\n')
        .slice(1)
      return usage(reasons.map(reason => lowerFirst(reason.trim())).join('; '), seeHelp, {})
    }
    default:
      return usage(lowerFirst(reasonIn(error.message)), seeHelp, {})
  }
}

function usage(message: string, hint: string, context: Fault['context']): Fault {
  return new Fault('USAGE_INVALID', { message: oneLine(message), hint, context })
}

/** @param words what was typed before the first flag */
export function unknownCommandFault(words: readonly string[], config: Config): Fault {
  const visible = config.commands.filter(command => !command.hidden).map(command => command.id.replaceAll(':', ' '))
  const first = words[0] ?? ''
  const inTopic = visible.some(id => id.startsWith(`${first} `))
  const typed = inTopic ? words.slice(0, 2).join(' ') : first
  const meant = didYouMean(words.slice(0, 2).join(' '), visible) ?? didYouMean(typed, visible)
  const help = inTopic ? `aptroot ${first} --help` : 'aptroot --help'
  return usage(`unknown command: ${typed}`, joined(meant, `Run \`${help}\` for the list.`), { command: typed })
}

function joined(first: string | undefined, second: string): string {
  return first === undefined ? second : `${first} ${second}`
}

/** The parser's messages may go on with a table and the whole help. Of a value of the wrong kind the second line says what is wrong. */
function reasonIn(message: string): string {
  const [first = '', second = ''] = stripVTControlCharacters(message).split('\n')
  const [, flag] = /^Parsing (--\S+) *$/.exec(first) ?? []
  return (flag === undefined ? first : `${flag}: ${lowerFirst(second.trim())}`).replace(/\.$/, '')
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ')
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
