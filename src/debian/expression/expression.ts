import { compileProgram } from './expression-program.ts'
import { ExpressionProblem } from './expression-syntax.ts'
import { parseGlob } from './glob-syntax.ts'
import { parseRegex } from './regex-syntax.ts'

/** Longer ones are nobody's pin, and every package of the archive is held against it. */
const longestExpression = 500

/**
 * What apt_preferences(5) allows for names, versions and the facts of a release: a regular expression between slashes, which
 * may match anywhere, or a shell pattern, which matches the whole. Case does not matter.
 *
 * @returns whether a text matches; in time that grows with the product of both lengths at most
 * @throws {Error} for a text that `expressionProblem` complains of
 */
export function compileExpression(expression: string): (text: string) => boolean {
  if (expression.length > longestExpression)
    throw new ExpressionProblem(`it is longer than ${longestExpression} characters`)
  if (isRegex(expression)) return compileProgram(parseRegex(expression.slice(1, -1)))
  if (/[*?[\\]/.test(expression)) return compileProgram(parseGlob(expression))
  const lower = expression.toLowerCase()
  return text => text.toLowerCase() === lower
}

/** Why a text is no expression, as half a sentence; undefined when it is one. */
export function expressionProblem(expression: string): string | undefined {
  try {
    compileExpression(expression)
    return undefined
  } catch (error) {
    if (error instanceof ExpressionProblem) return error.message
    throw error
  }
}

function isRegex(expression: string): boolean {
  return expression.length > 2 && expression.startsWith('/') && expression.endsWith('/')
}
