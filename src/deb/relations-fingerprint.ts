import { createHash } from 'node:crypto'
import type { Stanza } from '../debian-control-parser/index.ts'

/** What decides what is installed with a deb, and in which order it is unpacked and configured. */
const fields = [
  ...['Package', 'Source', 'Version', 'Architecture', 'Multi-Arch', 'Essential', 'Important', 'Protected', 'Priority'],
  ...['Pre-Depends', 'Depends', 'Recommends', 'Conflicts', 'Breaks', 'Replaces', 'Provides'],
] as const

/**
 * sha256 of what a deb declares of itself and of others, whatever its contents: two builds of one version with the same relations have the
 * same. White space does not count, the order of relations does.
 *
 * @see Debian Policy 7
 */
export function relationsFingerprint(control: Stanza): string {
  const lines = fields.flatMap(name => {
    const value = control.field(name)
    return value === undefined ? [] : [`${name}: ${value.replace(/\s+/g, ' ').trim()}\n`]
  })
  return createHash('sha256').update(lines.join('')).digest('hex')
}
