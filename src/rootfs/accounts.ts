import { byteStringOf } from '../codec/index.ts'
import { encodeUtf8, Fault, quoted } from '../kernel/index.ts'
import type { CreatedGroup, CreatedUser, FixedId } from '../manifest/index.ts'

/** passwd(5), group(5), shadow(5) and gshadow(5) as byte strings; the last two may not exist yet. */
export interface AccountFiles {
  readonly passwd: string
  readonly group: string
  readonly shadow: string | undefined
  readonly gshadow: string | undefined
}

/** 65534: the group of whoever has none of its own (Debian Policy 9.2.2). */
const nogroup = 65_534
const secondsOfDay = 86_400

/**
 * The files with users and groups whose numbers are decided before any script asks for one: adduser and systemd-sysusers take a name
 * that is there as it is. They cannot log in, and have no home.
 *
 * @throws {Fault} `MANIFEST_INVALID` when a name has another number already, or a number another name
 */
export function addFixedIds(files: AccountFiles, ids: readonly FixedId[], epochSeconds: number): AccountFiles {
  const accounts = new Accounts(files, 'image.ids', epochSeconds)
  for (const { name, groupId } of ids) if (groupId !== undefined) accounts.addGroup(name, groupId)
  for (const { name, userId, groupId } of ids)
    if (userId !== undefined)
      accounts.addUser({
        name,
        userId,
        groupId: groupId ?? nogroup,
        home: '/nonexistent',
        shell: '/usr/sbin/nologin',
        groups: [],
        gecos: '',
      })
  return accounts.files()
}

/**
 * The files with the manifest's own users and groups. A user without `gid` gets a group of its own name and number.
 *
 * @throws {Fault} `MANIFEST_INVALID` as `addFixedIds`, and when a user is to be in a group that does not exist
 */
export function addAccounts(
  files: AccountFiles,
  created: { readonly users: readonly CreatedUser[]; readonly groups: readonly CreatedGroup[] },
  epochSeconds: number,
): AccountFiles {
  const groups = new Accounts(files, 'image.groups', epochSeconds)
  for (const { name, groupId } of created.groups) groups.addGroup(name, groupId)
  const users = new Accounts(groups.files(), 'image.users', epochSeconds)
  for (const user of created.users) {
    const groupId = user.groupId ?? user.userId
    if (user.groupId === undefined || !users.hasGroup(groupId)) users.addGroup(user.name, groupId)
    users.addUser({ ...user, groupId })
    for (const group of user.groups) users.join(group, user.name)
  }
  return users.files()
}

/** Numbers of users or groups by name, of passwd(5) or group(5): both have them in the third field. */
export function numbersByName(text: string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>()
  for (const [name = '', , id = ''] of linesOf(text)) if (/^\d+$/.test(id)) numbers.set(name, Number(id))
  return numbers
}

class Accounts {
  readonly #passwd: string[][]
  readonly #group: string[][]
  readonly #shadow: string[][] | undefined
  readonly #gshadow: string[][] | undefined
  readonly #key: string
  readonly #day: string

  constructor(files: AccountFiles, key: string, epochSeconds: number) {
    this.#passwd = linesOf(files.passwd)
    this.#group = linesOf(files.group)
    this.#shadow = files.shadow === undefined ? undefined : linesOf(files.shadow)
    this.#gshadow = files.gshadow === undefined ? undefined : linesOf(files.gshadow)
    this.#key = key
    this.#day = String(Math.floor(epochSeconds / secondsOfDay))
  }

  files(): AccountFiles {
    return {
      passwd: textOf(this.#passwd),
      group: textOf(this.#group),
      shadow: this.#shadow === undefined ? undefined : textOf(this.#shadow),
      gshadow: this.#gshadow === undefined ? undefined : textOf(this.#gshadow),
    }
  }

  hasGroup(id: number): boolean {
    return this.#group.some(fields => fields[2] === String(id))
  }

  addGroup(name: string, id: number): void {
    if (!this.#isNew('group', this.#group, { name, id })) return
    // Without a shadow file yet: what grpconv(8) moves there is a password that nobody has.
    this.#group.push([name, this.#gshadow === undefined ? '*' : 'x', String(id), ''])
    this.#gshadow?.push([name, '!', '', ''])
  }

  addUser(user: CreatedUser & { readonly groupId: number }): void {
    const { name, userId, groupId } = user
    if (!this.#isNew('user', this.#passwd, { name, id: userId })) return
    const password = this.#shadow === undefined ? '*' : 'x'
    const texts = [user.gecos, user.home, user.shell].map(text => byteStringOf(encodeUtf8(text)))
    this.#passwd.push([name, password, String(userId), String(groupId), ...texts])
    this.#shadow?.push([name, '!', this.#day, '', '', '', '', '', ''])
  }

  join(group: string, user: string): void {
    const found = this.#group.find(([name]) => name === group)
    if (found === undefined)
      throw invalid(`\`${this.#key}\` puts ${quoted(user)} into the group ${quoted(group)}, which does not exist`, {
        hint: 'Add it to `image.groups`, or the package that makes it to `packages`.',
        user,
        group,
      })
    addMember(found, user)
    const shadow = this.#gshadow?.find(([name]) => name === group)
    if (shadow !== undefined) addMember(shadow, user)
  }

  #isNew(kind: 'user' | 'group', lines: readonly string[][], { name, id }: { name: string; id: number }): boolean {
    const named = lines.find(fields => fields[0] === name)
    if (named?.[2] === String(id)) return false
    const context = { [kind]: name, id, hint: 'Give it a number that is free, and each name one number.' }
    if (named !== undefined)
      throw invalid(
        `\`${this.#key}\` gives ${id} to the ${kind} ${quoted(name)}, which has ${named[2]} already`,
        context,
      )
    const holder = lines.find(fields => fields[2] === String(id))?.[0]
    if (holder === undefined) return true
    throw invalid(`\`${this.#key}\` gives ${id} to the ${kind} ${quoted(name)}, but ${quoted(holder)} has it`, context)
  }
}

function addMember(fields: string[], user: string): void {
  const members = (fields[3] ?? '').split(',').filter(each => each !== '')
  if (!members.includes(user)) fields[3] = [...members, user].join(',')
}

function linesOf(text: string): string[][] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.split(':'))
}

function textOf(lines: readonly (readonly string[])[]): string {
  return lines.map(fields => `${fields.join(':')}\n`).join('')
}

function invalid(message: string, { hint, ...context }: { readonly hint: string } & Record<string, string | number>) {
  return new Fault('MANIFEST_INVALID', { message, hint, context })
}
