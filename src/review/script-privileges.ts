/**
 * A line of a script that gives files rights: capabilities (setcap(8)), setuid or setgid bits (chmod(1), install(1)), or an owner and mode that dpkg
 * keeps (dpkg-statoverride(1)). Each pattern takes time in proportion to the line.
 */
function givesRights(line: string): boolean {
  if (/\bsetcap\b/.test(line)) return true
  if (/\bdpkg-statoverride\b/.test(line) && /--(?:add|update)\b/.test(line)) return true
  return /\b(?:chmod|install)\b/.test(line) && /[\s=,](?:[ugoa]*[+=][rwxXt]*s|0?[2-7][0-7]{3}\b)/.test(line)
}

/** Of a hostile script so many lines are told, so long; the difference of the script has all. */
const linesTold = 20
const charactersTold = 200

/**
 * Lines with which a maintainer script gives files rights and its earlier state did not. No deb brings capabilities by itself: dpkg reads no pax
 * headers, and a deb with them is refused. What a program that the script starts does, or a command that it puts together, is not seen here.
 */
export function newPrivileges(before: string | undefined, after: string): readonly string[] {
  const had = new Set(privilegedLines(before ?? ''))
  const lines = privilegedLines(after).filter(line => !had.has(line))
  return [...new Set(lines)].slice(0, linesTold).map(line => line.slice(0, charactersTold))
}

function privilegedLines(script: string): readonly string[] {
  // A backslash at its end joins a line with the next.
  return script
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map(line => line.trim())
    .filter(line => !line.startsWith('#') && givesRights(line))
}
