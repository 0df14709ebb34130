/**
 * Whether the whole of `text` matches a shell pattern of `*` (any run, `/` included) and `?` (any character), as
 * apt_preferences(5) uses them for names and versions.
 *
 * Takes at most `pattern.length * text.length` steps, whatever the pattern says.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let inPattern = 0
  let inText = 0
  let starAt = -1
  let resumeAt = 0
  while (inText < text.length) {
    if (pattern[inPattern] === '*') {
      starAt = inPattern++
      resumeAt = inText
    } else if (inPattern < pattern.length && (pattern[inPattern] === '?' || pattern[inPattern] === text[inText])) {
      inPattern++
      inText++
    } else if (starAt >= 0) {
      inPattern = starAt + 1
      inText = ++resumeAt
    } else {
      return false
    }
  }
  while (pattern[inPattern] === '*') inPattern++
  return inPattern === pattern.length
}
