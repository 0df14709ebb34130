import { displayByteString } from '../codec/index.ts'
import { unreachable } from '../kernel/index.ts'
import { nameOf, type PackageFacts } from './package-facts.ts'

export type ClashReason = 'two-files' | 'instances-differ' | 'over-directory' | 'no-directory' | 'one-file'

/** Two packages that want one path. */
export interface Clash {
  readonly path: string
  readonly first: PackageFacts | undefined
  readonly second: PackageFacts
  readonly reason: ClashReason
}

/** `/usr/bin/x is in both a 1 (amd64) and b 2 (amd64)`, fit to print. */
export function describeClash({ path, first, second, reason }: Clash): string {
  const shown = displayByteString(`/${path}`).slice(1, -1)
  const one = first === undefined ? 'this root file system' : nameOf(first.deb)
  const other = nameOf(second.deb)
  switch (reason) {
    case 'two-files':
      return `${shown} is in both ${one} and ${other}`
    case 'instances-differ':
      return `${shown} differs between ${one} and ${other}`
    case 'over-directory':
      return `${shown} is a directory in ${one}, but not in ${other}`
    case 'no-directory':
      return `${shown} is no directory in ${one}, as ${other} needs it`
    case 'one-file':
      return `${shown} of ${other} is one file with another of its paths after the /usr merge`
    default:
      return unreachable(reason)
  }
}
