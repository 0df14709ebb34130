import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { didYouMean, exitCodeByFaultCode, Fault, type FaultCode } from '../kernel/index.ts'

export interface FaultExplanation {
  readonly code: FaultCode
  readonly exitCode: number
  /** First sentence of the section. */
  readonly summary: string
  /** Markdown of the section in `docs/fault-codes.md`, without its heading. */
  readonly text: string
}

/**
 * What the manual says of one code.
 *
 * @param code upper or lower case, with `-` or `_`
 * @throws {Fault} `FAULT_CODE_UNKNOWN` with the nearest codes
 */
export async function explainFaultCode(code: string, packageFolder: string): Promise<FaultExplanation> {
  const wanted = code.trim().toUpperCase().replaceAll('-', '_')
  const explanations = await explainAllFaultCodes(packageFolder)
  const found = explanations.find(each => each.code === wanted)
  if (found !== undefined) return found
  const codes = Object.keys(exitCodeByFaultCode)
  const related = codes.filter(each => each.startsWith(`${wanted.split('_')[0] ?? ''}_`))
  const meant = didYouMean(wanted, codes) ?? (related.length === 0 ? undefined : `Related: ${related.join(', ')}.`)
  throw new Fault('FAULT_CODE_UNKNOWN', {
    message: `${code} is no fault code of aptroot`,
    hint: `${meant === undefined ? '' : `${meant} `}Run \`aptroot explain\` for the list.`,
    context: { code },
  })
}

/** In the order of the manual, which is that of the exit codes. */
export async function explainAllFaultCodes(packageFolder: string): Promise<readonly FaultExplanation[]> {
  return readSections(await readFile(join(packageFolder, 'docs/fault-codes.md'), 'utf8'))
}

/** Sections are `### CODE`; headings above that level group them. */
export function readSections(markdown: string): readonly FaultExplanation[] {
  return [...markdown.matchAll(/^### ([A-Z0-9_]+)\n([\s\S]*?)(?=^#{1,3} |(?![\s\S]))/gm)].flatMap(match => {
    const code = match[1] ?? ''
    const text = (match[2] ?? '').trim()
    if (!isFaultCode(code)) return []
    return [{ code, exitCode: exitCodeByFaultCode[code], summary: firstSentence(text), text }]
  })
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(exitCodeByFaultCode, code)
}

function firstSentence(text: string): string {
  const paragraph = (text.split('\n\n')[0] ?? '').replaceAll('\n', ' ')
  return /^.*?[.](?=\s|$)/.exec(paragraph)?.[0] ?? paragraph
}
