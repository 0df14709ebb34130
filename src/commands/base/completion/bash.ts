import type { CompletionModel, ValueKind } from './model.ts'
import { lockedNamesCommand } from './shell-text.ts'

/** A bash completion script: words, flags, values, and package names from the lockfile. Needs no bash-completion package. */
export function bashScript(model: CompletionModel): string {
  const paths = [...new Set([...model.next.keys(), ...model.commands.map(each => each.path)])].filter(
    path => path !== '',
  )
  const words = [...model.next].map(([path, next]) => `    '${path}') offers='${next.join(' ')}' ;;`)
  const commands = model.commands.flatMap(command => {
    const flags = command.flags.flatMap(flag => [
      `--${flag.name}`,
      ...(flag.short === undefined ? [] : [`-${flag.short}`]),
    ])
    return [`    '${command.path}')`, `      flags='${flags.join(' ')}'`, `      ${argumentWords(command.argument)} ;;`]
  })
  const values = model.commands.flatMap(command =>
    command.flags.flatMap(flag => {
      const offer = valueOffer(flag.value)
      if (offer === undefined) return []
      const names = [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])]
      return names.map(name => `    '${command.path} ${name}') ${offer} ;;`)
    }),
  )
  return `# bash completion for aptroot; load it with: source <(aptroot completion bash)
_aptroot() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local path='' offers='' flags='' word index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case "\${path:+$path }$word" in
      ${paths.map(path => `'${path}'`).join('|')}) path="\${path:+$path }$word" ;;
      *) break ;;
    esac
  done
  COMPREPLY=()
  case "$path $previous" in
${values.join('\n')}
  esac
  case "$path" in
${words.join('\n')}
${commands.join('\n')}
  esac
  if [[ $current == -* ]]; then offers=$flags; fi
  COMPREPLY=($(compgen -W "$offers" -- "$current"))
}
complete -o default -F _aptroot aptroot
`
}

function argumentWords(argument: ValueKind): string {
  switch (argument.kind) {
    case 'package':
      return `offers=$(${lockedNamesCommand})`
    case 'options':
      return `offers='${argument.options.join(' ')}'`
    case 'none':
    case 'text':
    case 'file':
    case 'folder':
      return "offers=''"
    default:
      return argument satisfies never
  }
}

function valueOffer(value: ValueKind): string | undefined {
  switch (value.kind) {
    case 'none':
    case 'text':
    case 'package':
      return undefined
    case 'file':
      return 'COMPREPLY=($(compgen -f -- "$current")); return'
    case 'folder':
      return 'COMPREPLY=($(compgen -d -- "$current")); return'
    case 'options':
      return `COMPREPLY=($(compgen -W '${value.options.join(' ')}' -- "$current")); return`
    default:
      return value satisfies never
  }
}
