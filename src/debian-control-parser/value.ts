/** One line of a folded field (Debian Policy 5.1): line breaks and the blanks around them become one space. */
export function unfold(value: string): string {
  if (!value.includes('\n')) return value
  return value
    .split('\n')
    .map(trimBlanks)
    .filter(line => line !== '')
    .join(' ')
}

/**
 * The lines of a multi-line field (Debian Policy 5.1): the first as it is, the others without their leading blank, and
 * a lone `.` as an empty line. A first line that is empty (`Conffiles:`, `SHA256:`) is left out.
 */
export function linesOf(value: string): readonly string[] {
  const [first = '', ...rest] = value.split('\n')
  const continued = rest.map(line => (trimBlanks(line) === '.' ? '' : line.slice(1)))
  return first === '' ? continued : [first, ...continued]
}

function trimBlanks(line: string): string {
  return line.replace(/^[ \t]+|[ \t]+$/g, '')
}
