import { Fault, type FaultCode } from '../kernel/index.ts'
import type { SourcePosition } from './model.ts'

/** The text that nodes point into. */
export interface ManifestSource {
  readonly fileName: string
  /** The page of the manual that describes every key. */
  readonly page: string
  readonly text: string
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[]
}

export function manifestSource(text: string, fileName: string, page = 'docs/manifest.md'): ManifestSource {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return { fileName, page, text, lineStarts }
}

interface Placed {
  readonly source: ManifestSource
  /** Offsets into the text: where the value begins, and where it ends without what follows it (comments, line break). */
  readonly start: number
  readonly end: number
}

export interface ScalarNode extends Placed {
  readonly kind: 'scalar'
  /** undefined: nothing was written, or `null`. */
  readonly value: string | number | boolean | undefined
}

export interface ListNode extends Placed {
  readonly kind: 'list'
  /** Flow style is `[a, b]`, block style one `- a` in each line. */
  readonly style: 'block' | 'flow'
  readonly items: readonly ManifestNode[]
}

export interface MappingNode extends Placed {
  readonly kind: 'mapping'
  readonly style: 'block' | 'flow'
  readonly entries: readonly MappingEntry[]
}

export interface MappingEntry {
  readonly key: ScalarNode & { readonly value: string }
  readonly value: ManifestNode
}

/** YAML without its freedoms: aliases are followed, tags and non-text keys are refused before. */
export type ManifestNode = ScalarNode | ListNode | MappingNode

export function positionOf({ source, start }: Placed): SourcePosition {
  const { lineStarts } = source
  let first = 0
  let last = lineStarts.length - 1
  while (first < last) {
    const middle = Math.ceil((first + last) / 2)
    if ((lineStarts[middle] ?? 0) <= start) first = middle
    else last = middle - 1
  }
  return { line: first + 1, column: start - (lineStarts[first] ?? 0) + 1 }
}

/**
 * A fault at a place of the manifest: the message begins `aptroot.yaml:3:5: `, and the context has file, line, column and,
 * as `excerpt`, the line itself with a caret below the place.
 */
export function manifestFault(
  place: Placed,
  problem: { readonly message: string; readonly hint: string; readonly code?: FaultCode },
): Fault {
  const { line, column } = positionOf(place)
  const { fileName } = place.source
  return new Fault(problem.code ?? 'MANIFEST_INVALID', {
    message: `${fileName}:${line}:${column}: ${problem.message}`,
    hint: problem.hint,
    context: { file: fileName, line, column, excerpt: excerptOf(place.source, line, column) },
  })
}

const longestExcerpt = 100

/** How far around the excerpt an address is looked at. */
const longestPassword = 1000

/** `3 | pacakges:` and `  | ^`; of a long line the part around the column, and nothing that could move the cursor. */
function excerptOf({ text, lineStarts }: ManifestSource, line: number, column: number): readonly [string, string] {
  const whole = text.slice(lineStarts[line - 1], lineStarts[line]).replace(/\r?\n$/, '')
  const from = column > longestExcerpt ? column - longestExcerpt / 2 : 0
  const around = Math.max(0, from - longestPassword)
  // A password in an address is refused, and must not reach a build log that way; blanks and slashes in it are what makes the address wrong.
  const withoutSecrets = whole
    .slice(around, from + longestExcerpt + longestPassword)
    .replace(/(?<=:\/\/)[^"']*@/g, userInfo => '*'.repeat(userInfo.length - 1).concat('@'))
  const shown = withoutSecrets
    .slice(from - around, from - around + longestExcerpt)
    .replace(/[^\P{C}]|[\u2028\u2029]/gu, ' ')
  const margin = ' '.repeat(String(line).length)
  return [`${line} | ${shown}`, `${margin} | ${' '.repeat(Math.max(0, column - 1 - from))}^`]
}
