/**
 * Prints the package names of the lockfile in the current folder, or nothing. The form of the file is fixed, so that one sed does
 * what would cost a start of Node.
 */
export const lockedNamesCommand =
  'sed -n \'s/^ *"\\([a-z0-9][a-z0-9+.-]*\\):[a-z0-9-]*":.*$/\\1/p\' aptroot.lock 2>/dev/null'

/** For single quotes of bash, zsh and fish alike: an apostrophe leaves them. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
