import { quoted } from '../kernel/index.ts'
import {
  type AptSourcesPolicy,
  type CreatedGroup,
  type CreatedUser,
  type Customisation,
  type FixedId,
  noCustomisation,
  type UnitChanges,
} from './customisation.ts'
import { type ManifestNode, manifestFault } from './manifest-node.ts'
import type { PatternName } from './patterns.ts'
import { readArchive } from './read-archives.ts'
import {
  choiceOf,
  type Fields,
  fieldsOf,
  integerOf,
  listOf,
  pathInProjectOf,
  required,
  shapedListOf,
  shapedOf,
} from './read-values.ts'

/** The keys of `image` that are read here; those that run programs of the image come first. */
const programKeys = ['ids', 'debconf', 'users', 'groups', 'locales', 'units', 'run'] as const
export const customisationKeys = [...programKeys, 'apt-sources', 'hostname', 'timezone', 'sysctl', 'remove'] as const

export const userKeys = {
  of: 'a user',
  keys: ['name', 'uid', 'gid', 'home', 'shell', 'groups', 'gecos'],
} as const

type CustomisationFields = Fields<(typeof customisationKeys)[number]>

/** The largest number that a container of an ordinary user has: 65534 is nobody. */
export const largestId = 65_533
const idRange = { least: 1, most: largestId } as const

/** @throws {Fault} `MANIFEST_INVALID`, also for what needs programs of the image where none may run */
export function readCustomisation(fields: CustomisationFields, configure: 'scripts' | 'none'): Customisation {
  const aptSources = fields['apt-sources']
  const { ids, debconf, users, groups, hostname, timezone, locales, units, sysctl, remove, run } = fields
  const removed = remove === undefined ? undefined : readRemoved(remove)
  if (configure === 'none') refusePrograms(fields)
  return {
    ids: ids === undefined ? noCustomisation.ids : readIds(ids),
    debconf:
      debconf === undefined
        ? noCustomisation.debconf
        : texts(debconf, '`debconf`', 'debconfSelection', 'tzdata tzdata/Areas select Europe'),
    aptSources: aptSources === undefined ? noCustomisation.aptSources : readAptSources(aptSources),
    users:
      users === undefined
        ? noCustomisation.users
        : listOf(users, '`users`', { item: readUser, identity: each => each.name }),
    groups:
      groups === undefined
        ? noCustomisation.groups
        : listOf(groups, '`groups`', { item: readGroup, identity: each => each.name }),
    hostname:
      hostname === undefined ? undefined : shapedOf(hostname, '`hostname`', { is: 'hostname', like: 'web or web.lan' }),
    timezone:
      timezone === undefined
        ? undefined
        : shapedOf(timezone, '`timezone`', { is: 'timezone', like: 'Europe/Berlin or Etc/UTC' }),
    locales:
      locales === undefined ? noCustomisation.locales : texts(locales, '`locales`', 'locale', 'de_DE.UTF-8 or C.UTF-8'),
    units: units === undefined ? noCustomisation.units : readUnits(units),
    sysctl: sysctl === undefined ? noCustomisation.sysctl : readSysctl(sysctl),
    removedPaths: removed?.paths ?? noCustomisation.removedPaths,
    removedPackages: removed?.packages ?? noCustomisation.removedPackages,
    run:
      run === undefined ? noCustomisation.run : listOf(run, '`run`', { item: readScript, identity: script => script }),
  }
}

/** Building something else than what was asked for is worse than building nothing. */
function refusePrograms(fields: CustomisationFields): void {
  const key = programKeys.find(each => fields[each] !== undefined)
  const packages = fields.remove === undefined ? undefined : readRemoved(fields.remove).node
  const node = key === undefined ? packages : fields[key]
  if (node === undefined) return
  throw manifestFault(node, {
    message: `\`${key ?? 'packages'}\` needs programs of the image, and \`configure: none\` runs none`,
    hint: 'Remove it, or write `configure: scripts`.',
  })
}

function texts(node: ManifestNode, what: string, is: PatternName, like: string): readonly string[] {
  return shapedListOf(node, { list: what, item: `an item of ${what}` }, { is, like })
}

export const accountName = { is: 'accountName', like: 'a name of a user or group in lower case' } as const
const pathOfUser = { is: 'accountPath', like: 'an absolute path without `..` and colon' } as const

function readIds(node: ManifestNode): readonly FixedId[] {
  const { entries } = fieldlessMapping(node, '`ids`')
  const ids = entries.map(({ key, value }): FixedId => {
    const name = shapedOf(key, 'a name in `ids`', accountName)
    const what = `the id of ${quoted(name)}`
    if (value.kind !== 'mapping') {
      const id = integerOf(value, what, idRange)
      return { name, userId: id, groupId: id }
    }
    const { uid, gid } = fieldsOf(value, { of: what, keys: ['uid', 'gid'] })
    if (uid === undefined && gid === undefined)
      throw manifestFault(value, { message: `${what} is empty`, hint: 'Write {uid: 110}, {gid: 110} or both.' })
    return {
      name,
      userId: uid === undefined ? undefined : integerOf(uid, '`uid`', idRange),
      groupId: gid === undefined ? undefined : integerOf(gid, '`gid`', idRange),
    }
  })
  for (const kind of ['userId', 'groupId'] as const)
    ids.forEach((each, at) => {
      const other = ids.slice(0, at).find(before => each[kind] !== undefined && before[kind] === each[kind])
      if (other === undefined) return
      throw manifestFault(entries[at]?.value ?? node, {
        message: `\`ids\` gives ${each[kind]} to both ${quoted(other.name)} and ${quoted(each.name)}`,
        hint: 'Give each a number of its own.',
      })
    })
  return ids
}

function fieldlessMapping(node: ManifestNode, what: string) {
  if (node.kind === 'mapping') return node
  throw manifestFault(node, {
    message: `${what} must be names and values`,
    hint: 'Correct it; docs/manifest.md describes every key.',
  })
}

function readUser(node: ManifestNode): CreatedUser {
  const { name, uid, gid, home, shell, groups, gecos, node: mapping } = fieldsOf(node, userKeys)
  return {
    name: shapedOf(required(name, mapping, '`name` of a user'), '`name`', accountName),
    userId: integerOf(required(uid, mapping, '`uid` of a user'), '`uid`', idRange),
    groupId: gid === undefined ? undefined : integerOf(gid, '`gid`', idRange),
    home: home === undefined ? '/nonexistent' : shapedOf(home, '`home`', pathOfUser),
    shell: shell === undefined ? '/usr/sbin/nologin' : shapedOf(shell, '`shell`', pathOfUser),
    groups: groups === undefined ? [] : texts(groups, '`groups` of a user', accountName.is, accountName.like),
    gecos: gecos === undefined ? '' : shapedOf(gecos, '`gecos`', { is: 'gecos', like: 'one line without colon' }),
  }
}

function readGroup(node: ManifestNode): CreatedGroup {
  const { name, gid, node: mapping } = fieldsOf(node, { of: 'a group', keys: ['name', 'gid'] })
  return {
    name: shapedOf(required(name, mapping, '`name` of a group'), '`name`', accountName),
    groupId: integerOf(required(gid, mapping, '`gid` of a group'), '`gid`', idRange),
  }
}

function readAptSources(node: ManifestNode): AptSourcesPolicy {
  if (node.kind !== 'list') return { kind: choiceOf(node, '`apt-sources`', { of: ['none', 'manifest'] }) }
  return {
    kind: 'entries',
    archives: listOf(node, '`apt-sources`', { item: readArchive, identity: each => each.id }),
  }
}

function readUnits(node: ManifestNode): UnitChanges {
  const fields = fieldsOf(node, { of: '`units`', keys: ['enable', 'disable', 'mask'] })
  const unitsOf = (key: keyof UnitChanges) => {
    const list = fields[key]
    return list === undefined ? [] : texts(list, `\`${key}\``, 'unit', 'the whole name of a unit such as ssh.service')
  }
  return { enable: unitsOf('enable'), disable: unitsOf('disable'), mask: unitsOf('mask') }
}

function readSysctl(node: ManifestNode): readonly (readonly [string, string])[] {
  return fieldlessMapping(node, '`sysctl`').entries.map(({ key, value }) => {
    const name = shapedOf(key, 'a name in `sysctl`', { is: 'sysctlName', like: 'net.ipv4.ip_forward' })
    // Most values are numbers, and nobody wants to quote them.
    if (value.kind === 'scalar' && typeof value.value === 'number')
      return [name, String(integerOf(value, quoted(name), { least: -(2 ** 31), most: 2 ** 32 - 1 }))]
    return [name, shapedOf(value, quoted(name), { is: 'line', like: 'one line of text, or a number' })]
  })
}

function readRemoved(node: ManifestNode) {
  const { paths, packages } = fieldsOf(node, { of: '`remove`', keys: ['paths', 'packages'] })
  return {
    paths: paths === undefined ? [] : texts(paths, '`paths`', 'removedPath', 'an absolute path without `..`, not /'),
    packages: packages === undefined ? [] : texts(packages, '`packages`', 'packageName', 'a name of a package'),
    node: packages,
  }
}

function readScript(node: ManifestNode): string {
  const { script, node: mapping } = fieldsOf(node, { of: 'an item of `run`', keys: ['script'] })
  return pathInProjectOf(required(script, mapping, '`script` of an item of `run`'), '`script`')
}
