import { byteStringOf } from '../codec/index.ts'
import { quoted } from '../kernel/index.ts'
import { debMalformed, type PackageFacts } from './package-facts.ts'

/** Of C's isspace in ASCII: in a byte string, U+00A0 is half of a letter. */
const blanksAtEnd = /[ \t\v\f\r]+$/

export interface ConffileLine {
  /** Byte string without a leading slash. */
  readonly path: string
  readonly kind: 'conffile' | 'remove-on-upgrade'
}

/**
 * The lines of a deb's `conffiles`, in its order.
 *
 * @throws {Fault} `DEB_MALFORMED` for what dpkg refuses: a path that is not absolute, an unknown flag, no newline at the end
 * @see deb-conffiles(5)
 */
export function readConffiles(facts: PackageFacts): readonly ConffileLine[] {
  const bytes = facts.controlFiles.get('conffiles')?.bytes
  if (bytes === undefined || bytes.length === 0) return []
  const lines = byteStringOf(bytes).split('\n')
  if (lines.pop() !== '') throw debMalformed(facts.deb, 'its conffiles does not end with a newline')
  return lines.map(line => line.replace(blanksAtEnd, '')).flatMap(line => (line === '' ? [] : [readLine(facts, line)]))
}

function readLine({ deb }: PackageFacts, line: string): ConffileLine {
  const space = line.startsWith('/') ? -1 : line.indexOf(' ')
  const flag = space === -1 ? undefined : line.slice(0, space)
  const path = line.slice(space + 1)
  if (!path.startsWith('/')) throw debMalformed(deb, `its conffiles names ${quoted(line)}, which is not absolute`)
  if (flag !== undefined && flag !== 'remove-on-upgrade')
    throw debMalformed(deb, `its conffiles has the unknown flag ${quoted(flag)}`)
  return { path: path.replace(/^\/+/, ''), kind: flag ?? 'conffile' }
}
