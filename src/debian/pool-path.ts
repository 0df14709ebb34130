/** What nearly every path looks like: parts that begin with a letter or digit, so are neither empty nor dots, and have no percent sign. */
const plainPath = /^(?:[A-Za-z0-9][A-Za-z0-9+._~-]*\/)*[A-Za-z0-9][A-Za-z0-9+._~-]*$/

/**
 * Why a text cannot be the path of a file below an archive's address, or undefined when it can.
 *
 * A path that passes is relative, has no empty, `.` or `..` part (percent-encoded ones neither, since URL parsers take
 * them for the same), and only printable ASCII without backslash. Whoever makes a URL of it still encodes each part.
 */
export function poolPathProblem(path: string): string | undefined {
  if (path.length <= 4096 && plainPath.test(path)) return undefined
  if (path === '') return 'it is empty'
  if (path.length > 4096) return 'it is longer than 4096 characters'
  if (/[^ -~]/.test(path)) return 'it has characters other than printable ASCII'
  if (path.includes('\\')) return 'it has a backslash'
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(path)) return 'it is a URL'
  if (path.startsWith('/')) return 'it is absolute'
  for (const part of path.split('/')) {
    if (part === '') return 'it has an empty part'
    if (/^(?:\.|%2e){1,2}$/i.test(part)) return `it has the part "${part}"`
  }
  return undefined
}
