/** Lines around a change that are shown with it. */
const context = 2

/** Beyond this many pairs of lines the two texts are shown one after the other: a hostile script must not cost minutes. */
const maximumPairs = 4_000_000

/** The lines of a unified difference (`-old`, `+new`, ` both`, `…` where equal lines are left out). Empty for equal texts. */
export function lineDifference(before: string, after: string): readonly string[] {
  if (before === after) return []
  const had = linesOf(before)
  const has = linesOf(after)
  let head = 0
  while (head < had.length && head < has.length && had[head] === has[head]) head++
  let tail = 0
  while (tail < had.length - head && tail < has.length - head && had.at(-1 - tail) === has.at(-1 - tail)) tail++
  const marked = [
    ...had.slice(0, head).map(line => ` ${line}`),
    ...changedLines(had.slice(head, had.length - tail), has.slice(head, has.length - tail)),
    ...had.slice(had.length - tail).map(line => ` ${line}`),
  ]
  return nearChanges(marked)
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

/** By the longest common subsequence, removed lines before added ones. */
function changedLines(had: readonly string[], has: readonly string[]): string[] {
  const [rows, columns] = [had.length, has.length]
  if (rows * columns > maximumPairs) return [...had.map(line => `-${line}`), ...has.map(line => `+${line}`)]
  const width = columns + 1
  const lengths = new Uint32Array((rows + 1) * width)
  const lengthAt = (row: number, column: number) => lengths[row * width + column] ?? 0
  for (let row = rows - 1; row >= 0; row--)
    for (let column = columns - 1; column >= 0; column--)
      lengths[row * width + column] =
        had[row] === has[column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1))
  const marked: string[] = []
  let row = 0
  let column = 0
  while (row < rows || column < columns) {
    if (row < rows && column < columns && had[row] === has[column]) {
      marked.push(` ${had[row]}`)
      row++
      column++
    } else if (row < rows && (column === columns || lengthAt(row + 1, column) >= lengthAt(row, column + 1)))
      marked.push(`-${had[row++]}`)
    else marked.push(`+${has[column++]}`)
  }
  return marked
}

function nearChanges(marked: readonly string[]): readonly string[] {
  const isNear = new Uint8Array(marked.length)
  for (const [at, line] of marked.entries())
    if (!line.startsWith(' ')) isNear.fill(1, Math.max(0, at - context), at + context + 1)
  return marked.flatMap((line, at) => {
    if (isNear[at] === 1) return [line]
    return at === 0 || isNear[at - 1] === 1 ? ['…'] : []
  })
}
