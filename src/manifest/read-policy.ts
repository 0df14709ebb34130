import { expressionProblem, versionProblem } from '../debian/index.ts'
import { quoted } from '../kernel/index.ts'
import { type ManifestNode, manifestFault, positionOf } from './manifest-node.ts'
import {
  type ChangeKind,
  changeKinds,
  defaultPolicy,
  type PolicyGroup,
  type PolicyRule,
  type UpdatePolicy,
  type VersionBound,
} from './policy.ts'
import {
  choiceOf,
  dateOf,
  durationOf,
  fieldsOf,
  integerOf,
  listOf,
  nonEmpty,
  required,
  shapedListOf,
  shapedOf,
} from './read-values.ts'

export const policyKeys = {
  of: '`policy`',
  keys: ['groups', 'ignore', 'allow', 'minimum-age', 'limit', 'labels'],
} as const

export const groupKeys = { of: 'a group of `policy`', keys: ['name', 'sources', 'kinds', 'archives'] } as const

export const ruleKeys = {
  of: 'a rule of `policy`',
  keys: ['source', 'versions', 'kinds', 'reason', 'until'],
} as const

/** What may have to wait: not security fixes. */
export const agedKinds = ['any', ...changeKinds.filter(kind => kind !== 'security')] as const

/** `policy:`. Whether archives that groups name exist is judged by the caller, who knows them. */
export function readPolicy(node: ManifestNode, archiveIds: readonly string[]): UpdatePolicy {
  const { groups, ignore, allow, limit, labels, ...others } = fieldsOf(node, policyKeys)
  const age = others['minimum-age']
  return {
    groups:
      groups === undefined
        ? defaultPolicy.groups
        : listOf(groups, '`groups`', { item: each => readGroup(each, archiveIds), identity: ({ name }) => name }),
    ignore: readRules(ignore, '`ignore`'),
    allow: readRules(allow, '`allow`'),
    minimumAgeSeconds: age === undefined ? {} : readAges(age),
    limit: limit === undefined ? defaultPolicy.limit : integerOf(limit, '`limit`', { least: 1, most: 1000 }),
    labels:
      labels === undefined
        ? []
        : shapedListOf(
            labels,
            { list: '`labels`', item: 'the label' },
            { is: 'label', like: 'one line of at most 50 characters without commas' },
          ),
  }
}

function readGroup(node: ManifestNode, archiveIds: readonly string[]): PolicyGroup {
  const { name, sources, kinds, archives, node: mapping } = fieldsOf(node, groupKeys)
  return {
    name: shapedOf(required(name, mapping, '`name` of a group'), '`name`', {
      is: 'groupName',
      like: 'lower-case letters, digits and dashes',
    }),
    sources:
      sources === undefined
        ? undefined
        : nonEmpty(listOf(sources, '`sources`', { item: readSource, identity: each => each }), sources, '`sources`'),
    kinds: kinds === undefined ? undefined : readKinds(kinds),
    archives:
      archives === undefined
        ? undefined
        : nonEmpty(
            listOf(archives, '`archives`', {
              item: each => choiceOf(each, 'the archive of a group', { of: archiveIds }),
              identity: each => each,
            }),
            archives,
            '`archives`',
          ),
  }
}

function readRules(node: ManifestNode | undefined, what: string): readonly PolicyRule[] {
  if (node === undefined) return []
  return listOf(node, what, {
    item: readRule,
    identity: ({ position: _position, ...rule }) => JSON.stringify(rule),
  })
}

function readRule(node: ManifestNode): PolicyRule {
  const { source, versions, kinds, reason, until, node: mapping } = fieldsOf(node, ruleKeys)
  return {
    source: readSource(required(source, mapping, '`source` of a rule')),
    versions:
      versions === undefined
        ? undefined
        : nonEmpty(
            listOf(versions, '`versions`', { item: readBound, identity: each => `${each.operator} ${each.version}` }),
            versions,
            '`versions`',
          ),
    kinds: kinds === undefined ? undefined : readKinds(kinds),
    reason: shapedOf(required(reason, mapping, '`reason` of a rule'), '`reason`', { is: 'line', like: 'one line' }),
    until: dateOf(required(until, mapping, '`until` of a rule'), '`until`'),
    position: positionOf(node),
  }
}

function readSource(node: ManifestNode): string {
  const text = shapedOf(node, 'the source', { is: 'sourceExpression', like: 'a name or a pattern such as linux*' })
  const problem = expressionProblem(text)
  if (problem === undefined) return text
  throw manifestFault(node, {
    message: `the source ${quoted(text)} cannot be matched: ${problem}`,
    hint: 'Write a name, a pattern with *, ? and […], or a regular expression between slashes.',
  })
}

function readKinds(node: ManifestNode): readonly ChangeKind[] {
  const kinds = listOf(node, '`kinds`', {
    item: each => choiceOf(each, 'the kind of change', { of: changeKinds }),
    identity: each => each,
  })
  return nonEmpty(kinds, node, '`kinds`')
}

function readBound(node: ManifestNode): VersionBound {
  const text = shapedOf(node, 'the bound', { is: 'versionBound', like: '">= 6.2" or "<< 7"' })
  const [operator = '', version = ''] = text.split(' ')
  const problem = versionProblem(version)
  if (problem === undefined) return { operator: operator as VersionBound['operator'], version } // the shape allows no others
  throw manifestFault(node, {
    message: `${quoted(version)} is not a version: ${problem}`,
    hint: 'Versions are written as `lock show` prints them.',
  })
}

function readAges(node: ManifestNode): UpdatePolicy['minimumAgeSeconds'] {
  const fields = fieldsOf(node, { of: '`minimum-age`', keys: agedKinds })
  return Object.fromEntries(
    agedKinds.flatMap(kind => {
      const value = fields[kind]
      return value === undefined ? [] : [[kind, durationOf(value, '`minimum-age`')]]
    }),
  )
}
