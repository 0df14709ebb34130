import { createHash } from 'node:crypto'
import type { TreeWithContent } from '../dpkg/index.ts'
import { encodeUtf8, isFault, type Session, sortedByBytes } from '../kernel/index.ts'
import type { ImageCustomisation } from '../rootfs/index.ts'
import type { ObjectName, Store } from '../store/index.ts'
import { wholeContent } from '../tree/index.ts'

/** Numbers of users and groups by name. */
export interface AccountIds {
  readonly users: ReadonlyMap<string, number>
  readonly groups: ReadonlyMap<string, number>
}

export interface MovedId {
  readonly name: string
  /** What the user had and has; undefined where it has not moved. */
  readonly user: Move | undefined
  readonly group: Move | undefined
}

interface Move {
  readonly before: number
  readonly after: number
}

/** Where adduser and systemd-sysusers look for a number for a package's user (adduser.conf(5), sysusers.d(5)). */
const isGivenByScripts = (id: number) => id >= 100 && id <= 999

/** In byte order of names: users and groups that scripts made in both builds, with other numbers. */
export function movedIds(before: AccountIds, after: AccountIds): readonly MovedId[] {
  const moves = (kind: keyof AccountIds, name: string): Move | undefined => {
    const [was, is] = [before[kind].get(name), after[kind].get(name)]
    return was === undefined || is === undefined || was === is ? undefined : { before: was, after: is }
  }
  return sortedByBytes(new Set([...after.users.keys(), ...after.groups.keys()])).flatMap(name => {
    const [user, group] = [moves('users', name), moves('groups', name)]
    return user === undefined && group === undefined ? [] : [{ name, user, group }]
  })
}

/** The line of the manifest that gives them their numbers back. */
export function lineOfIds(moved: readonly MovedId[]): string {
  const items = moved.map(({ name, user, group }) => {
    if (user?.before === group?.before) return `${name}: ${user?.before}`
    const parts = [
      ...(user === undefined ? [] : [`uid: ${user.before}`]),
      ...(group === undefined ? [] : [`gid: ${group.before}`]),
    ]
    return `${name}: {${parts.join(', ')}}`
  })
  return `ids: {${items.join(', ')}}`
}

export interface BuiltAccounts {
  /** Absolute. */
  readonly lockPath: string
  readonly lockName: string
  readonly architecture: string
  readonly root: TreeWithContent
  readonly customisation: ImageCustomisation
}

/**
 * Warns of numbers that are others than in the last build of this lock on this machine, and remembers those of this build in the store. What
 * the manifest itself gives numbers to may move.
 */
export async function reportMovedIds(
  { lockPath, lockName, architecture, root, customisation }: BuiltAccounts,
  store: Store,
  session: Session,
): Promise<void> {
  const { ids, users, groups } = customisation.programs
  const fixed = new Set([...ids, ...users, ...groups].map(each => each.name))
  const accounts = {
    users: await idsIn(root, 'etc/passwd', fixed),
    groups: await idsIn(root, 'etc/group', fixed),
  }
  const name = recordOf(lockPath, architecture)
  const record = await store.readRecord(name)
  const before = record === undefined ? undefined : decoded(record)
  const moved = before === undefined ? [] : movedIds(before, accounts)
  if (moved.length > 0)
    session.journal.emit({
      kind: 'warned',
      stage: 'assemble',
      message: `${lockName}, ${architecture}: ${moved.map(shown).join(', ')} since the last build: files that running systems keep belong to the old number`,
      hint: `To keep the old ones, write under \`image:\` of the manifest: ${lineOfIds(moved)}`,
    })
  if (record === undefined && accounts.users.size + accounts.groups.size === 0) return
  try {
    const json = { users: [...accounts.users], groups: [...accounts.groups] }
    await store.putRecord(name, encodeUtf8(JSON.stringify(json)))
  } catch (error) {
    // A store that is only read, or a full disk, ends no build that has all it needs.
    if (!isFault(error)) throw error
    const message = `the next build cannot know whether ids moved: ${error.message}`
    session.journal.emit({ kind: 'noted', stage: 'store', message })
  }
}

function shown({ name, user, group }: MovedId): string {
  const of = (what: string, move: Move | undefined) =>
    move === undefined ? [] : [`the ${what} ${name} moved from ${move.before} to ${move.after}`]
  return [...of('user', user), ...of('group', group)].join(', ')
}

async function idsIn(
  root: TreeWithContent,
  path: string,
  fixed: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const { numbersByName } = await import('../rootfs/index.ts')
  const entry = root.tree.get(path)
  const text = entry?.kind === 'file' ? (await wholeContent(root.content, entry.content)).toString('latin1') : ''
  const numbers = numbersByName(text)
  return new Map([...numbers].filter(([name, id]) => isGivenByScripts(id) && !fixed.has(name)))
}

/** A record of one machine about one lock: the key is a digest, so that no path of the machine is in the store. */
function recordOf(lockPath: string, architecture: string): ObjectName {
  const key = createHash('sha256')
    .update(JSON.stringify([lockPath, architecture]))
    .digest('hex')
  return { kind: 'account-ids', key }
}

function decoded(record: Uint8Array): AccountIds {
  const { users, groups } = JSON.parse(Buffer.from(record).toString('utf8'))
  return { users: new Map(users), groups: new Map(groups) }
}
