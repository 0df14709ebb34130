import { unreachable } from '../kernel/index.ts'
import type { BaseSet } from '../manifest/index.ts'

/** One change of the manifest that helps where there is no solution; plain data, for `--json`. */
export type ManifestChange =
  | { readonly kind: 'unwant'; readonly wanted: string }
  /** The item stays for these architectures. */
  | {
      readonly kind: 'restrict'
      readonly wanted: string
      readonly architectures: readonly string[]
      /** The item with its restriction, as it is to be written. */
      readonly by: string
    }
  | { readonly kind: 'replace'; readonly wanted: string; readonly by: string }
  /** As `replace`, where no archive has the name. */
  | { readonly kind: 'respell'; readonly wanted: string; readonly by: string }
  /** The root gets a foreign architecture; `by` is its name then, such as `amd64+i386`. */
  | { readonly kind: 'add-architecture'; readonly root: string; readonly by: string }
  | { readonly kind: 'unexclude'; readonly name: string }
  /** Position of the pins in the manifest's list, from 0. */
  | { readonly kind: 'unpin'; readonly name: string; readonly pins: readonly number[] }
  | { readonly kind: 'base'; readonly base: BaseSet }
  /** What is left of the list; nothing: `same-version: false`. */
  | { readonly kind: 'same-version'; readonly packages: readonly string[] }

/** What a person has to do, as an imperative without a full stop. */
export function adviceOf(change: ManifestChange): string {
  switch (change.kind) {
    case 'unwant':
      return `Take ${change.wanted} out of \`packages\``
    case 'restrict':
      return `Want it elsewhere only: write \`"${change.by}"\` in \`packages\``
    case 'replace':
      return `Want \`${change.by}\` instead of \`${change.wanted}\``
    case 'respell':
      return `Did you mean ${change.by} instead of ${change.wanted}? Write \`${change.by}\``
    case 'add-architecture':
      return `Add the foreign architecture: write \`${change.by}\` instead of \`${change.root}\` in \`architectures\``
    case 'unexclude':
      return `Take ${change.name} out of \`exclude\``
    case 'unpin':
      return `Take the pins with a negative priority off ${change.name}`
    case 'base':
      return `Write \`base: ${change.base}\``
    case 'same-version':
      return `Write \`same-version: ${change.packages.length === 0 ? 'false' : `[${change.packages.join(', ')}]`}\``
    default:
      return unreachable(change)
  }
}

/** One sentence of several changes: those of one kind that a list can hold are told together. */
export function adviceOfAll(changes: readonly ManifestChange[]): string {
  const unwanted = changes.flatMap(each => (each.kind === 'unwant' ? [each.wanted] : []))
  const excluded = changes.flatMap(each => (each.kind === 'unexclude' ? [each.name] : []))
  const pinned = changes.flatMap(each => (each.kind === 'unpin' ? [each.name] : []))
  const others = changes.filter(({ kind }) => kind !== 'unwant' && kind !== 'unexclude' && kind !== 'unpin')
  const [first = '', ...rest] = [
    ...(unwanted.length > 0 ? [adviceOf({ kind: 'unwant', wanted: enumeration(unwanted) })] : []),
    ...(excluded.length > 0 ? [adviceOf({ kind: 'unexclude', name: enumeration(excluded) })] : []),
    ...(pinned.length > 0 ? [adviceOf({ kind: 'unpin', name: enumeration(pinned), pins: [] })] : []),
    ...others.map(adviceOf),
  ]
  return [first, ...rest.map(each => `${each.slice(0, 1).toLowerCase()}${each.slice(1)}`)].join(', and ')
}

/** `a, b and c`, each once. */
function enumeration(all: readonly string[]): string {
  const names = [...new Set(all)]
  const last = names.pop() ?? ''
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`
}
