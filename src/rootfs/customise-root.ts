import { byteStringOf, bytesOfByteString } from '../codec/index.ts'
import type { PackageFacts } from '../dpkg/index.ts'
import { encodeUtf8, Fault, quoted, type Session } from '../kernel/index.ts'
import type { CreatedUser, Customisation } from '../manifest/index.ts'
import type { TreeEntry } from '../tree/index.ts'
import { type AccountFiles, addAccounts, addFixedIds } from './accounts.ts'
import { type NamedOwners, numberOwners } from './file-owners.ts'
import type { GrowingRoot } from './growing-root.ts'
import type { ScriptRunner } from './run-dpkg.ts'
import type { Staging } from './staging.ts'

/** What is done to a root by programs of its own, or before they run. JSON: it goes to another process, and into keys. */
export interface RootCustomisation
  extends Pick<Customisation, 'ids' | 'debconf' | 'users' | 'groups' | 'locales' | 'units' | 'removedPackages'> {
  readonly run: readonly ProjectScript[]
  /** What the project brings, for those who see it; empty where nothing runs after it. Contents are blobs of the store. */
  readonly overlay: readonly (readonly [path: string, entry: TreeEntry])[]
  /** Entries of the overlay whose owners are names. */
  readonly named: NamedOwners
}

/** What the manifest alone says of it. */
export type ProgramCustomisation = Omit<RootCustomisation, 'overlay' | 'named'>

export interface ProjectScript {
  /** As the manifest names it. */
  readonly name: string
  readonly base64: string
}

/** Whether something runs that can see the project's files, so that they are laid before it. */
export function customisesAfterwards(customisation: ProgramCustomisation): boolean {
  const { users, groups, locales, units, removedPackages, run } = customisation
  const lists = [users, groups, locales, units.enable, units.disable, units.mask, removedPackages, run]
  return lists.some(list => list.length > 0)
}

/** Whether programs of the image are needed although no package has scripts. */
export function needsPrograms(customisation: ProgramCustomisation): boolean {
  return customisesAfterwards(customisation) || customisation.ids.length > 0 || customisation.debconf.length > 0
}

/** The root under way, and what its manifest wants of it. */
export interface CustomiseRequest {
  readonly customisation: RootCustomisation
  readonly sourceDateEpochSeconds: number
}

/** Users and groups with fixed numbers, as soon as base-passwd has made the others: before any script that could ask for one. */
export function createFixedIds({ customisation, sourceDateEpochSeconds }: CustomiseRequest, staging: Staging): void {
  if (customisation.ids.length === 0) return
  changeAccounts(staging, files => addFixedIds(files, customisation.ids, sourceDateEpochSeconds))
}

/** Answers for the packages of later waves. @throws {Fault} `SCRIPT_FAILED`, `CONFIGURE_UNAVAILABLE` */
export async function answerDebconf(
  { customisation }: CustomiseRequest,
  { root, scripts }: Workplace,
  session: Session,
): Promise<void> {
  if (customisation.debconf.length === 0) return
  requireProgram(root, '/usr/bin/debconf-set-selections', '`image.debconf`', 'debconf')
  const input = encodeUtf8(customisation.debconf.map(line => `${line}\n`).join(''))
  await scripts.required(
    'debconf-set-selections of `image.debconf`',
    { program: '/usr/bin/debconf-set-selections', arguments: [], input },
    session,
  )
}

export interface Workplace {
  readonly root: GrowingRoot
  readonly scripts: ScriptRunner
}

/**
 * All that follows configuring, each step seeing the ones before: files of the project, users and groups, units, locales, the project's
 * scripts, packages that leave.
 *
 * @throws {Fault} `SCRIPT_FAILED`, `MANIFEST_INVALID` for names and numbers that do not fit this image, `ROOTFS_CLASH`
 */
export async function customiseRoot(request: CustomiseRequest, place: Workplace, session: Session): Promise<void> {
  const { customisation, sourceDateEpochSeconds } = request
  if (!customisesAfterwards(customisation)) return
  const { root } = place
  const overlay = new Map(customisation.overlay)
  // A folder that packages have keeps its owner.
  const isBrought = (path: string) => overlay.get(path)?.kind !== 'directory' || root.staging.kindOf(path) === undefined
  const named = customisation.named.filter(([path]) => isBrought(path))
  const homes = homesOf(customisation, root.staging)
  await root.lay(overlay, session)
  const { users, groups } = customisation
  if (users.length > 0 || groups.length > 0)
    changeAccounts(root.staging, files => addAccounts(files, { users, groups }, sourceDateEpochSeconds))
  for (const [path, home] of homes) root.staging.makeOwnedFolder(path, home)
  const lists = { passwd: root.staging.readText('etc/passwd'), group: root.staging.readText('etc/group') }
  for (const [path, entry] of numberOwners(named, overlay, lists)) root.staging.giveAway(path, entry)
  await changeUnits(customisation, place, session)
  await generateLocales(customisation.locales, place, session)
  for (const script of customisation.run) await runProjectScript(script, place, session)
  await place.scripts.purge(customisation.removedPackages, session)
}

function changeAccounts(staging: Staging, change: (files: AccountFiles) => AccountFiles): void {
  const read = (name: string) => staging.readText(`etc/${name}`)
  // base-passwd of Debian 11 copies its lists in postinst only; after it they are left as they are.
  const list = (name: string) => read(name) ?? staging.readText(`usr/share/base-passwd/${name}.master`)
  const passwd = list('passwd')
  const group = list('group')
  if (passwd === undefined || group === undefined)
    throw new Fault('CONFIGURE_UNAVAILABLE', {
      message:
        '`image.ids`, `users` and `groups` need the list of users that base-passwd makes, which this image does not have',
      hint: 'Set `base: essential` in the manifest.',
    })
  const before: AccountFiles = { passwd, group, shadow: read('shadow'), gshadow: read('gshadow') }
  const after = change(before)
  for (const name of ['passwd', 'group', 'shadow', 'gshadow'] as const) {
    const text = after[name]
    if (text !== undefined && text !== read(name)) staging.rewriteFile(`etc/${name}`, bytesOfByteString(text))
  }
}

/**
 * Homes that no package brings. Below one may lie files of the project, which made it on their way; an item of `files` that brings the
 * folder itself with an owner or mode decides.
 */
function homesOf({ users, overlay, named }: RootCustomisation, staging: Staging) {
  const claimed = new Set(named.map(([path]) => path))
  for (const [path, { userId, groupId, mode }] of overlay)
    if (userId !== 0 || groupId !== 0 || mode !== 0o755) claimed.add(path)
  return users.flatMap(({ home, userId, groupId }: CreatedUser) => {
    const path = byteStringOf(encodeUtf8(home)).replace(/^\/+|\/+$/g, '')
    if (home === '/nonexistent' || claimed.has(path) || staging.kindOf(path) !== undefined) return []
    return [[path, { userId, groupId: groupId ?? userId, mode: 0o700 }] as const]
  })
}

async function changeUnits(
  { units }: RootCustomisation,
  { root, scripts }: Workplace,
  session: Session,
): Promise<void> {
  for (const verb of ['enable', 'disable', 'mask'] as const) {
    const names = units[verb]
    if (names.length === 0) continue
    requireProgram(root, '/usr/bin/systemctl', '`image.units`', 'systemd')
    await scripts.required(
      `systemctl ${verb} ${names.join(' ')}`,
      { program: '/usr/bin/systemctl', arguments: ['--root=/', '--quiet', verb, '--', ...names] },
      session,
    )
  }
}

async function generateLocales(
  locales: readonly string[],
  { root, scripts }: Workplace,
  session: Session,
): Promise<void> {
  const [language] = locales
  if (language === undefined) return
  const generated = locales.filter(each => !/^C\.utf-?8$/i.test(each))
  if (generated.length > 0) {
    requireProgram(root, '/usr/sbin/locale-gen', '`image.locales`', 'locales')
    const supported = (root.staging.readText('usr/share/i18n/SUPPORTED') ?? '').split('\n')
    const lines = generated.map(name => {
      const line = supported.find(each => each.startsWith(`${name} `))
      if (line !== undefined) return `${line}\n`
      throw new Fault('MANIFEST_INVALID', {
        message: `\`image.locales\` wants ${quoted(name)}, which the package locales cannot generate`,
        hint: 'Take one of /usr/share/i18n/SUPPORTED, and do not exclude that folder.',
        context: { locale: name },
      })
    })
    root.staging.rewriteFile('etc/locale.gen', encodeUtf8(lines.join('')))
    await scripts.required('locale-gen', { program: '/usr/sbin/locale-gen', arguments: [] }, session)
  }
  root.staging.rewriteFile('etc/default/locale', encodeUtf8(`LANG=${language}\n`))
}

/** The script lies beside dpkg's own temporary files while it runs: nothing tells afterwards that it was there. */
const scriptFolder = 'var/lib/dpkg/tmp.run'

async function runProjectScript({ name, base64 }: ProjectScript, { root, scripts }: Workplace, session: Session) {
  session.journal.emit({ kind: 'started', stage: 'configure', name })
  root.staging.writeFile(`${scriptFolder}/script`, Buffer.from(base64, 'base64'), 0o755)
  await scripts.required(name, { program: `/${scriptFolder}/script`, arguments: [] }, session)
  root.staging.remove(scriptFolder)
  session.journal.emit({ kind: 'finished', stage: 'configure', name })
}

/** @throws {Fault} `MANIFEST_INVALID` when a package that is to leave is not among those that come */
export function requireRemovable(names: readonly string[], facts: readonly PackageFacts[]): void {
  const absent = names.find(name => !facts.some(each => each.name === name))
  if (absent === undefined) return
  throw new Fault('MANIFEST_INVALID', {
    message: `\`image.remove\` names the package ${quoted(absent)}, which the image does not have`,
    hint: 'Remove it from the list.',
    context: { package: absent },
  })
}

function requireProgram(root: GrowingRoot, path: string, what: string, packageName: string): void {
  if (root.hasFile(path.slice(1))) return
  throw new Fault('CONFIGURE_UNAVAILABLE', {
    message: `${what} needs ${path}, which no package of the image brings`,
    hint: `Add ${packageName} to \`packages\`; it can leave again with \`image: {remove: {packages: […]}}\`.`,
    context: { program: path, package: packageName },
  })
}
