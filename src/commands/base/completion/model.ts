import type { Interfaces } from '@oclif/core'
import { sortedByBytes } from '../../../kernel/index.ts'

export interface CompletedFlag {
  /** Without dashes. */
  readonly name: string
  readonly short: string | undefined
  readonly summary: string
  readonly value: ValueKind
}

/** What a shell may offer for a value. */
export type ValueKind =
  | { readonly kind: 'none' }
  | { readonly kind: 'text' }
  | { readonly kind: 'file' }
  | { readonly kind: 'folder' }
  /** Names that the lockfile of the current folder holds. */
  | { readonly kind: 'package' }
  | { readonly kind: 'options'; readonly options: readonly string[] }

export interface CompletedCommand {
  /** `lock why` */
  readonly path: string
  readonly summary: string
  readonly flags: readonly CompletedFlag[]
  readonly argument: ValueKind
}

export interface CompletionModel {
  readonly commands: readonly CompletedCommand[]
  /** Words that may follow a path that is no whole command yet: `''`, `lock`. */
  readonly next: ReadonlyMap<string, readonly string[]>
}

const packageCommands = ['lock why', 'lock tree', 'remove']

export function completionModel(config: Interfaces.Config): CompletionModel {
  const commands = config.commands
    .filter(command => !command.hidden)
    .map(command => {
      const path = command.id.replaceAll(':', ' ')
      return {
        path,
        summary: command.summary ?? '',
        flags: Object.values(command.flags).map(completedFlag),
        argument: argumentOf(path, Object.values(command.args)),
      }
    })
    .sort((left, right) => (left.path < right.path ? -1 : 1))
  const next = new Map<string, string[]>()
  for (const { path } of commands) {
    const words = path.split(' ')
    words.forEach((word, at) => {
      const before = words.slice(0, at).join(' ')
      next.set(before, sortedByBytes(new Set([...(next.get(before) ?? []), word])))
    })
  }
  return { commands, next }
}

function completedFlag(flag: Interfaces.Config['commands'][number]['flags'][string]): CompletedFlag {
  const summary = flag.summary ?? flag.description ?? ''
  return { name: flag.name, short: flag.char, summary, value: flagValue(flag) }
}

function flagValue(flag: Interfaces.Config['commands'][number]['flags'][string]): ValueKind {
  if (flag.type === 'boolean') return { kind: 'none' }
  if (flag.options !== undefined) return { kind: 'options', options: flag.options }
  if (flag.helpValue === 'DIR') return { kind: 'folder' }
  if (flag.helpValue === 'FILE' || flag.helpValue === 'PATH') return { kind: 'file' }
  return { kind: 'text' }
}

function argumentOf(path: string, args: readonly { readonly options?: readonly string[] | undefined }[]): ValueKind {
  const [first] = args
  if (packageCommands.includes(path)) return { kind: 'package' }
  if (first === undefined) return { kind: 'none' }
  return first.options === undefined ? { kind: 'text' } : { kind: 'options', options: first.options }
}
