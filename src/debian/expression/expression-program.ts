import { type CharacterSet, type Expression, ExpressionProblem } from './expression-syntax.ts'

type Instruction =
  | { readonly kind: 'take'; readonly set: CharacterSet }
  /** Go on at both places. */
  | { readonly kind: 'fork'; readonly left: number; readonly right: number }
  | { readonly kind: 'beginning' }
  | { readonly kind: 'end' }
  | { readonly kind: 'found' }

/** Repetitions are counted out, so ((a{9}){9}){9} grows fast; no pin needs more. */
const longestProgram = 2000
/** Repetitions of nothing take steps without making the program longer. */
const mostSteps = 20_000

/** A program while it is written. */
interface Draft {
  readonly program: Instruction[]
  steps: number
}

/**
 * A matcher that takes at most `program × text` steps: it follows all possibilities at once and never goes back, so no
 * expression can make it hang.
 *
 * @returns whether the expression occurs somewhere in the text
 * @throws {ExpressionProblem} when the expression is too large
 */
export function compileProgram(expression: Expression): (text: string) => boolean {
  const program: Instruction[] = []
  emit(expression, { program, steps: 0 })
  program.push({ kind: 'found' })
  return text => occursIn(program, text)
}

function emit(expression: Expression, draft: Draft): void {
  const { program } = draft
  if (program.length > longestProgram || ++draft.steps > mostSteps)
    throw new ExpressionProblem('its repetitions make it too large')
  switch (expression.kind) {
    case 'character':
      program.push({ kind: 'take', set: expression.set })
      return
    case 'beginning':
    case 'end':
      program.push({ kind: expression.kind })
      return
    case 'sequence':
      for (const part of expression.parts) emit(part, draft)
      return
    case 'either':
      emitEither(expression, draft)
      return
    case 'repeated':
      emitRepeated(expression, draft)
      return
    default:
      expression satisfies never
  }
}

function emitEither({ left, right }: Extract<Expression, { readonly kind: 'either' }>, draft: Draft): void {
  const { program } = draft
  const fork = reserve(program)
  emit(left, draft)
  const jump = reserve(program)
  program[fork] = { kind: 'fork', left: fork + 1, right: program.length }
  emit(right, draft)
  program[jump] = { kind: 'fork', left: program.length, right: program.length }
}

function emitRepeated({ part, least, most }: Extract<Expression, { readonly kind: 'repeated' }>, draft: Draft): void {
  const { program } = draft
  for (let count = 0; count < least; count++) emit(part, draft)
  for (let count = least; count < (most ?? least + 1); count++) {
    const fork = reserve(program)
    emit(part, draft)
    if (most === undefined) program.push({ kind: 'fork', left: fork, right: fork })
    program[fork] = { kind: 'fork', left: fork + 1, right: program.length }
  }
}

/** A place for an instruction that is known later. */
function reserve(program: Instruction[]): number {
  return program.push({ kind: 'found' }) - 1
}

function occursIn(program: readonly Instruction[], text: string): boolean {
  let current: number[] = []
  for (let at = 0; at <= text.length; at++) {
    const reached = new Set<number>()
    // An occurrence may begin at every place.
    const pending = [0, ...current]
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      if (reached.has(place)) continue
      reached.add(place)
      const instruction = program[place] as Instruction
      if (instruction.kind === 'found') return true
      if (instruction.kind === 'fork') pending.push(instruction.right, instruction.left)
      else if (instruction.kind === 'beginning' && at === 0) pending.push(place + 1)
      else if (instruction.kind === 'end' && at === text.length) pending.push(place + 1)
    }
    const character = text[at]
    if (character === undefined) return false
    current = []
    for (const place of reached) {
      const instruction = program[place] as Instruction
      if (instruction.kind === 'take' && instruction.set(character)) current.push(place + 1)
    }
  }
  return false
}
