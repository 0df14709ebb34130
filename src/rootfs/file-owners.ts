import { Fault, quoted } from '../kernel/index.ts'
import type { AccountReference } from '../manifest/index.ts'
import type { TreeEntry } from '../tree/index.ts'
import { numbersByName } from './accounts.ts'

/** To whom files of the project belong, where only the image can tell the number. JSON: it goes to another process, and into keys. */
export interface NamedOwner {
  readonly owner: AccountReference
  readonly group: AccountReference
  /** The item of the manifest: `aptroot.yaml:12:7`. */
  readonly place: string
}

export type NamedOwners = readonly (readonly [path: string, named: NamedOwner])[]

/** The image's passwd(5) and group(5) as byte strings; undefined where it has none. */
export interface AccountLists {
  readonly passwd: string | undefined
  readonly group: string | undefined
}

/** The number of an account that needs no name looked up. */
export function plainId(account: AccountReference): number {
  return account.kind === 'number' ? account.id : 0
}

/**
 * The entries of named owners with their numbers.
 *
 * @throws {Fault} `MANIFEST_INVALID` when the image has no such user or group
 */
export function numberOwners(
  owners: NamedOwners,
  tree: ReadonlyMap<string, TreeEntry>,
  lists: AccountLists,
): ReadonlyMap<string, TreeEntry> {
  const users = numbersByName(lists.passwd ?? '')
  const groups = numbersByName(lists.group ?? '')
  const numbered = new Map<string, TreeEntry>()
  for (const [path, { owner, group, place }] of owners) {
    const entry = tree.get(path)
    if (entry === undefined) continue
    const userId = numberOf(owner, users, { what: 'owner', kind: 'user', list: 'users', place })
    const groupId = numberOf(group, groups, { what: 'group', kind: 'group', list: 'groups', place })
    numbered.set(path, { ...entry, userId, groupId })
  }
  return numbered
}

function numberOf(
  account: AccountReference,
  numbers: ReadonlyMap<string, number>,
  about: { readonly what: string; readonly kind: string; readonly list: string; readonly place: string },
): number {
  if (account.kind === 'number') return account.id
  const id = numbers.get(account.name)
  if (id !== undefined) return id
  throw new Fault('MANIFEST_INVALID', {
    message: `${about.place}: the image has no ${about.kind} ${quoted(account.name)}, the ${about.what} of these files`,
    hint: `Add it to \`image.${about.list}\`, or the package that makes it to \`packages\`, or write its number.`,
    context: { [about.kind]: account.name },
  })
}
