import { architectureTuple, compileExpression, expressionProblem, isPackageName } from '../debian/index.ts'

/** One word of a pin's `package` or `source`. */
export interface PinSubject {
  readonly of: 'binary' | 'source'
  readonly matches: (name: string) => boolean
  /** `libc6:i386`; undefined: whatever the architecture. */
  readonly architecture: string | undefined
}

export type PinField = 'package' | 'source'

/**
 * The words of a pin's `package` or `source`, separated by blanks as in apt_preferences(5): names, patterns and regular
 * expressions, each with `src:` in front or an architecture behind if it likes.
 */
export function pinSubjects(text: string, field: PinField): readonly PinSubject[] {
  return words(text).map(word => {
    const { of, name, architecture } = partsOf(word, field)
    return {
      of,
      // apt finds a plain name as it is written, and everything else without regard to case.
      matches: isPackageName(name) ? each => each === name : compileExpression(name),
      architecture: architecture === 'any' ? undefined : architecture,
    }
  })
}

/** Why a text is no `package` or `source` of a pin, as half a sentence; undefined when it is one. */
export function pinSubjectProblem(text: string, field: PinField): string | undefined {
  for (const word of words(text)) {
    const { name, architecture } = partsOf(word, field)
    if (architecture !== undefined && architecture !== 'any' && architectureTuple(architecture) === undefined)
      return `${architecture} is no architecture that Debian knows`
    const isPattern = /[*?[\]\\]/.test(name) || (name.startsWith('/') && name.endsWith('/') && name.length > 2)
    if (!isPattern && !isPackageName(name)) return `"${name}" is neither a name nor a pattern`
    const problem = expressionProblem(name)
    if (problem !== undefined) return problem
  }
  return undefined
}

function words(text: string): readonly string[] {
  return text.split(' ').filter(Boolean)
}

function partsOf(word: string, field: PinField) {
  const isSource = word.startsWith('src:')
  const rest = isSource ? word.slice('src:'.length) : word
  // The colons of a regular expression are its own.
  const colon = rest.indexOf(':', rest.startsWith('/') ? rest.lastIndexOf('/') : 0)
  return {
    of: isSource || field === 'source' ? ('source' as const) : ('binary' as const),
    name: colon < 0 ? rest : rest.slice(0, colon),
    architecture: colon < 0 ? undefined : rest.slice(colon + 1),
  }
}
