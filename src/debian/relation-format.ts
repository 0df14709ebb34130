import type { OrGroup, ProvidedName, Relation } from './relation.ts'

/** `libc6:any (>= 2.36)`, as debian/control writes it. */
export function formatRelation(relation: Relation): string {
  const constraint =
    relation.constraint === undefined ? '' : ` (${relation.constraint.operator} ${relation.constraint.version})`
  return `${qualified(relation.packageName, relation.architectureQualifier)}${constraint}`
}

/** `default-mta | mail-transport-agent` */
export function formatOrGroup(group: OrGroup): string {
  return group.map(formatRelation).join(' | ')
}

/** `libfoo-abi (= 3)` */
export function formatProvidedName(provided: ProvidedName): string {
  const version = provided.version === undefined ? '' : ` (= ${provided.version})`
  return `${qualified(provided.name, provided.architectureQualifier)}${version}`
}

function qualified(name: string, architectureQualifier: string | undefined): string {
  return architectureQualifier === undefined ? name : `${name}:${architectureQualifier}`
}
