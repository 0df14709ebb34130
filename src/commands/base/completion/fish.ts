import type { CompletedFlag, CompletionModel, ValueKind } from './model.ts'
import { lockedNamesCommand, quoted } from './shell-text.ts'

/** A fish completion script; put it into `~/.config/fish/completions/aptroot.fish`. */
export function fishScript(model: CompletionModel): string {
  const paths = [...new Set([...model.next.keys(), ...model.commands.map(each => each.path)])].filter(
    path => path !== '',
  )
  const lines = [
    '# fish completion for aptroot; load it with: aptroot completion fish | source',
    'function __aptroot_path',
    "    set -l path ''",
    '    for word in (commandline -opc)[2..-1]',
    '        set -l longer (string trim -- "$path $word")',
    `        contains -- "$longer" ${paths.map(quoted).join(' ')}; or break`,
    '        set path $longer',
    '    end',
    '    echo -- $path',
    'end',
    'function __aptroot_at',
    '    test (__aptroot_path) = "$argv"',
    'end',
    'complete -c aptroot -f',
  ]
  for (const [path, next] of model.next) {
    for (const word of next) {
      const command = model.commands.find(each => each.path === `${path === '' ? '' : `${path} `}${word}`)
      lines.push(`${at(path)} -a ${word} -d ${quoted(command?.summary ?? '')}`)
    }
  }
  for (const command of model.commands) {
    const offer = argumentOffer(command.argument)
    if (offer !== undefined) lines.push(`${at(command.path)} ${offer}`)
    for (const flag of command.flags) lines.push(`${at(command.path)} ${flagOffer(flag)}`)
  }
  return `${lines.join('\n')}\n`
}

function at(path: string): string {
  return `complete -c aptroot -n ${quoted(`__aptroot_at ${path}`.trim())}`
}

function flagOffer(flag: CompletedFlag): string {
  const short = flag.short === undefined ? '' : ` -s ${flag.short}`
  return `-l ${flag.name}${short} -d ${quoted(flag.summary)}${valueOffer(flag.value)}`
}

function valueOffer(value: ValueKind): string {
  switch (value.kind) {
    case 'none':
      return ''
    case 'text':
    case 'package':
      return ' -x'
    case 'file':
      return ' -rF'
    case 'folder':
      return " -xa '(__fish_complete_directories)'"
    case 'options':
      return ` -xa ${quoted(value.options.join(' '))}`
    default:
      return value satisfies never
  }
}

function argumentOffer(argument: ValueKind): string | undefined {
  switch (argument.kind) {
    case 'none':
      return undefined
    case 'package':
      return `-a ${quoted(`(${lockedNamesCommand})`)}`
    case 'options':
      return `-a ${quoted(argument.options.join(' '))}`
    case 'text':
    case 'file':
    case 'folder':
      return '-F'
    default:
      return argument satisfies never
  }
}
