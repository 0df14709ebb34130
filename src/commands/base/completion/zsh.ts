import type { CompletedFlag, CompletionModel, ValueKind } from './model.ts'
import { lockedNamesCommand, quoted } from './shell-text.ts'

/** A zsh completion function; put it into a folder of `fpath` as `_aptroot`, or source it. */
export function zshScript(model: CompletionModel): string {
  const topics = [...model.next].map(([path, next]) => {
    const described = next.map(word => {
      const command = model.commands.find(each => each.path === `${path === '' ? '' : `${path} `}${word}`)
      return quoted(`${word}:${(command?.summary ?? '').replaceAll(':', '\\:')}`)
    })
    return `    '${path}') words_=(${described.join(' ')}); _describe command words_ ;;`
  })
  const commands = model.commands.map(command => {
    const specifications = [...command.flags.flatMap(flagSpecifications), argumentSpecification(command.argument)]
    return `    '${command.path}')\n      _arguments -s \\\n        ${specifications.join(' \\\n        ')} ;;`
  })
  return `#compdef aptroot
# zsh completion for aptroot; load it with: source <(aptroot completion zsh)
_aptroot_packages() {
  local -a names
  names=(\${(f)"$(${lockedNamesCommand})"})
  compadd -a names
}
_aptroot() {
  local path_='' word depth=0
  local -a words_
  for word in \${words[2,CURRENT-1]}; do
    case "\${path_:+$path_ }$word" in
      ${pathPattern(model)}) path_="\${path_:+$path_ }$word"; depth=$((depth + 1)) ;;
      *) break ;;
    esac
  done
  # _arguments counts from the last word of the command.
  if (( depth > 0 )); then words=(aptroot "\${(@)words[depth+2,-1]}"); CURRENT=$((CURRENT - depth)); fi
  case "$path_" in
${topics.join('\n')}
${commands.join('\n')}
  esac
}
if [ "$funcstack[1]" = _aptroot ]; then _aptroot "$@"; else compdef _aptroot aptroot; fi
`
}

function pathPattern(model: CompletionModel): string {
  const paths = [...new Set([...model.next.keys(), ...model.commands.map(each => each.path)])]
  return paths.flatMap(path => (path === '' ? [] : [`'${path}'`])).join('|')
}

function flagSpecifications(flag: CompletedFlag): string[] {
  const names = [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])]
  const summary = flag.summary.replace(/[[\]:]/g, '\\$&')
  return names.map(name => quoted(`${name}[${summary}]${valueAction(flag.value)}`))
}

function valueAction(value: ValueKind): string {
  switch (value.kind) {
    case 'none':
      return ''
    case 'text':
    case 'package':
      return ':value: '
    case 'file':
      return ':file:_files'
    case 'folder':
      return ':folder:_files -/'
    case 'options':
      return `:value:(${value.options.join(' ')})`
    default:
      return value satisfies never
  }
}

function argumentSpecification(argument: ValueKind): string {
  switch (argument.kind) {
    case 'none':
      return "'*: :'"
    case 'package':
      return "'*:package:_aptroot_packages'"
    case 'options':
      return quoted(`1:value:(${argument.options.join(' ')})`)
    case 'text':
    case 'file':
    case 'folder':
      return "'*:file:_files'"
    default:
      return argument satisfies never
  }
}
