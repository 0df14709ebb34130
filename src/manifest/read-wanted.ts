import {
  checkArchitecture,
  formatOrGroup,
  formatRelation,
  isArchitectureWildcard,
  parseRestrictedOrGroups,
  type RestrictedOrGroup,
  versionProblem,
} from '../debian/index.ts'
import { quoted, sortedByBytes } from '../kernel/index.ts'
import { type ManifestNode, manifestFault, positionOf } from './manifest-node.ts'
import type { WantedItem, WantedSelection } from './model.ts'
import { hasShape } from './patterns.ts'
import { placed, stringOf } from './read-values.ts'

/** `nginx=1.22.1-9 [amd64]`, `nginx/bookworm-backports`: what apt takes on its command line. */
const selected = /^([^\s=/|()[\]<>,]+)(=|\/)([^\s[\]]+)(\s*\[.*\])?$/s

/** One item of `packages:`: a relation as in debian/control, `name=version` or `name/suite`; each with `[arch]`. */
export function readWanted(node: ManifestNode): WantedItem {
  const written = stringOf(node, 'an item of `packages`')
  const match = selected.exec(written.trim())
  const [, name = '', separator = '', choice = '', restriction = ''] = match ?? []
  const selection: WantedSelection = match === null ? { kind: 'candidate' } : readSelection(node, separator, choice)
  const group = readGroup(node, match === null ? written : `${name}${restriction}`)
  const architectures = readRestriction(node, group)
  // Only the relation itself is kept: resolver and lock must not see the restriction a second time.
  const [first, ...rest] = group.map(({ packageName, architectureQualifier, constraint }) => ({
    packageName,
    architectureQualifier,
    constraint,
  }))
  const alternatives = first === undefined ? undefined : ([first, ...rest] as const)
  if (alternatives === undefined) throw malformed(node, written)
  const text = formatWanted({ alternatives, selection, architectures })
  return { text, alternatives, selection, architectures, position: positionOf(node) }
}

/** An item of `packages:` in its normal form, as the lock's request has it. */
export function formatWanted(item: Pick<WantedItem, 'alternatives' | 'selection' | 'architectures'>): string {
  const { alternatives, selection, architectures } = item
  const suffix = architectures === undefined ? '' : ` [${architectures.join(' ')}]`
  switch (selection.kind) {
    case 'candidate':
      return alternatives.map(each => `${formatRelation(each)}${suffix}`).join(' | ')
    case 'version':
      return `${formatOrGroup(alternatives)}=${selection.version}${suffix}`
    case 'suite':
      return `${formatOrGroup(alternatives)}/${selection.suite}${suffix}`
  }
}

function readSelection(node: ManifestNode, separator: string, choice: string): WantedSelection {
  if (separator === '/') {
    if (hasShape('suite', choice) && !choice.endsWith('/')) return { kind: 'suite', suite: choice }
    throw manifestFault(node, {
      message: `${quoted(choice)} is no name of a suite`,
      hint: 'Write `name/suite` such as nginx/bookworm-backports.',
    })
  }
  const problem = versionProblem(choice)
  if (problem === undefined) return { kind: 'version', version: choice }
  throw manifestFault(node, {
    message: `${quoted(choice)} is not a version: ${problem}`,
    hint: 'Write `name=version` such as nginx=1.22.1-9.',
  })
}

function readGroup(node: ManifestNode, text: string): RestrictedOrGroup {
  const [group, another] = placed(node, () => parseRestrictedOrGroups(text))
  if (group === undefined || another !== undefined) throw malformed(node, text)
  for (const { profiles, architectureQualifier } of group) {
    if (profiles.length > 0) {
      throw manifestFault(node, {
        message: `${quoted(text)} has build profiles, which only source packages have`,
        hint: 'Remove what stands between < and >.',
      })
    }
    if (architectureQualifier !== undefined && !['any', 'native'].includes(architectureQualifier))
      placed(node, () => checkArchitecture(architectureQualifier))
  }
  return group
}

/** In byte order: `[arm64 amd64]` and `[amd64 arm64]` ask for the same. */
function readRestriction(node: ManifestNode, group: RestrictedOrGroup): readonly string[] | undefined {
  const [restriction, ...others] = group.map(({ architectures }) =>
    architectures === undefined ? undefined : sortedByBytes(new Set(architectures)),
  )
  for (const other of others) {
    if (other?.join(' ') === restriction?.join(' ')) continue
    throw manifestFault(node, {
      message: 'the alternatives of one item are restricted to different architectures',
      hint: 'Write one item for each architecture, such as "grub-pc [amd64]" and "grub-efi [arm64]".',
    })
  }
  const unknown = restriction?.find(each => !isArchitectureWildcard(each.replace(/^!/, '')))
  if (unknown === undefined) return restriction
  throw manifestFault(node, {
    message: `${quoted(unknown)} is neither an architecture nor a wildcard that covers one`,
    hint: 'Write names such as amd64, or wildcards such as any-arm; Debian Policy 11.1 has them.',
  })
}

function malformed(node: ManifestNode, text: string) {
  return manifestFault(node, {
    message: `${quoted(text)} is not one item: a name or alternatives separated by |`,
    hint: 'Write one item per line, such as "openssl (>= 3.0)", nginx=1.22.1-9 or "grub-pc [amd64]".',
  })
}
