import { expressionProblem } from '../debian/index.ts'
import { quoted } from '../kernel/index.ts'
import { type ManifestNode, manifestFault, positionOf } from './manifest-node.ts'
import type { Pin, ReleaseFact } from './model.ts'
import { type PinField, pinSubjectProblem } from './pin-subject.ts'
import { dateOf, fieldsOf, integerOf, required, shapedOf } from './read-values.ts'

export const pinKeys = {
  of: 'a pin',
  keys: ['package', 'source', 'version', 'release', 'origin', 'priority', 'reason', 'until'],
} as const

/** `never`, which is stronger than a pin of a package. */
export const neverPriority = -32_768

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
    package: fields.package === undefined ? undefined : readSubjects(fields.package, 'package'),
    source: fields.source === undefined ? undefined : readSubjects(fields.source, 'source'),
    version:
      version === undefined
        ? undefined
        : readExpression(version, '`version`', { is: 'versionExpression', like: 'a version or pattern such as 252.*' }),
    release: release === undefined ? undefined : readReleaseFacts(release),
    origin:
      origin === undefined
        ? undefined
        : readExpression(origin, '`origin`', { is: 'hostExpression', like: 'the name of a host' }).replace(
            /^"(.*)"$/,
            '$1',
          ),
    priority: priority === undefined ? defaultPriority : readPriority(priority),
    reason: shapedOf(required(fields.reason, fields.node, '`reason` of a pin'), '`reason`', {
      is: 'line',
      like: 'one line',
    }),
    until: until === undefined ? undefined : dateOf(until, '`until`'),
    position: positionOf(node),
  }
}

function readSubjects(node: ManifestNode, field: PinField): string {
  const what = `\`${field}\``
  const text = shapedOf(node, what, { is: 'pinSubjects', like: 'names or patterns with single blanks between them' })
  const problem = pinSubjectProblem(text, field)
  if (problem === undefined) return text
  throw notExpressed(node, `${what} ${quoted(text)}`, problem)
}

function readExpression(node: ManifestNode, what: string, shape: Parameters<typeof shapedOf>[2]): string {
  const text = shapedOf(node, what, shape)
  const problem = expressionProblem(text)
  if (problem === undefined) return text
  throw notExpressed(node, `${what} ${quoted(text)}`, problem)
}

function notExpressed(node: ManifestNode, what: string, problem: string) {
  return manifestFault(node, {
    message: `${what} cannot be matched: ${problem}`,
    hint: 'Write a name, a pattern with *, ? and […], or a regular expression between slashes.',
  })
}

/** apt keeps priorities in 16 bits, keeps the least one for `never`, and refuses 0. */
function readPriority(node: ManifestNode): number {
  if (node.kind === 'scalar' && node.value === 'never') return neverPriority
  const priority = integerOf(node, '`priority`', { least: -32_767, most: 32_767 })
  if (priority !== 0) return priority
  throw manifestFault(node, {
    message: '`priority` is 0, which has no meaning in apt_preferences(5)',
    hint: 'Write -1 to forbid, 100 for "only when nothing else is there", 990 to prefer.',
  })
}

function readReleaseFacts(node: ManifestNode): NonNullable<Pin['release']> {
  const text = shapedOf(node, '`release`', {
    is: 'releaseFacts',
    like: 'bookworm-backports, or a=ARCHIVE,n=CODENAME,o=ORIGIN,l=LABEL,c=COMPONENT,v=VERSION,b=ARCHITECTURE',
  })
  const facts: Partial<Record<ReleaseFact, string>> = {}
  for (const fact of text.includes('=') ? text.split(',').map(each => each.trim()) : [`name=${text.trim()}`]) {
    const name = fact.split('=', 1)[0] as ReleaseFact // the shape allows no others
    if (facts[name] !== undefined) {
      throw manifestFault(node, {
        message: `\`release\` ${quoted(text)} says ${name}= twice`,
        hint: 'Remove one, or make two pins.',
      })
    }
    const value = fact.slice(name.length + 1).trim()
    const problem = expressionProblem(value)
    if (problem !== undefined) throw notExpressed(node, `\`release\` ${quoted(fact)}`, problem)
    facts[name] = value
  }
  return facts
}
