import { quoted } from '../kernel/index.ts'
import { type ManifestNode, manifestFault, positionOf } from './manifest-node.ts'
import type { Pin } from './model.ts'
import { fieldsOf, integerOf, required, shapedOf } from './read-values.ts'

export const pinKeys = {
  of: 'a pin',
  keys: ['package', 'source', 'version', 'release', 'origin', 'priority', 'reason', 'until'],
} as const

/** What `apt-get -t` gives a target release. */
const defaultPriority = 990

/** @see apt_preferences(5) */
export function readPin(node: ManifestNode): Pin {
  const fields = fieldsOf(node, pinKeys)
  const { version, release, origin, priority, until } = fields
  if (fields.package === undefined && fields.source === undefined) {
    throw manifestFault(node, {
      message: 'the pin has neither `package` nor `source`',
      hint: 'Say what it is for; `package: "*"` is everything.',
    })
  }
  return {
    package: glob(fields.package, '`package`', { is: 'packageGlob', like: 'a package name or glob' }),
    source: glob(fields.source, '`source`', { is: 'packageGlob', like: 'a source package name or glob' }),
    version: glob(version, '`version`', { is: 'versionGlob', like: 'a version or glob such as 252.*' }),
    release: release === undefined ? undefined : readReleaseFacts(release),
    origin: glob(origin, '`origin`', { is: 'hostGlob', like: 'the name of a host' }),
    priority: priority === undefined ? defaultPriority : readPriority(priority),
    reason: shapedOf(required(fields.reason, fields.node, '`reason` of a pin'), '`reason`', {
      is: 'line',
      like: 'one line',
    }),
    until: until === undefined ? undefined : readDate(until),
    position: positionOf(node),
  }
}

function glob(node: ManifestNode | undefined, what: string, shape: Parameters<typeof shapedOf>[2]): string | undefined {
  return node === undefined ? undefined : shapedOf(node, what, shape)
}

/** apt keeps priorities in 16 bits and refuses 0. */
function readPriority(node: ManifestNode): number {
  const priority = integerOf(node, '`priority`', { least: -32_768, most: 32_767 })
  if (priority !== 0) return priority
  throw manifestFault(node, {
    message: '`priority` is 0, which has no meaning in apt_preferences(5)',
    hint: 'Write -1 to forbid, 100 for "only when nothing else is there", 990 to prefer.',
  })
}

function readReleaseFacts(node: ManifestNode): NonNullable<Pin['release']> {
  const text = shapedOf(node, '`release`', {
    is: 'releaseFacts',
    like: 'a=ARCHIVE,n=CODENAME,o=ORIGIN,l=LABEL,c=COMPONENT,v=VERSION',
  })
  const facts: Partial<Record<keyof NonNullable<Pin['release']>, string>> = {}
  for (const fact of text.split(',')) {
    const name = fact[0] as keyof typeof facts // the shape allows no other letters
    if (facts[name] !== undefined) {
      throw manifestFault(node, {
        message: `\`release\` ${quoted(text)} says ${name}= twice`,
        hint: 'Remove one, or make two pins.',
      })
    }
    facts[name] = fact.slice(2).trim()
  }
  return facts
}

function readDate(node: ManifestNode): string {
  const text = shapedOf(node, '`until`', { is: 'date', like: 'a date such as 2027-01-31' })
  const date = new Date(`${text}T00:00:00Z`)
  if (!Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)) return text
  throw manifestFault(node, { message: `\`until\` ${text} is no day of the calendar`, hint: 'Correct the date.' })
}
