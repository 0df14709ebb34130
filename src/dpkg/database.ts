import { createHash } from 'node:crypto'
import { bytesOfByteString } from '../codec/index.ts'
import { compareBytes } from '../kernel/index.ts'
import type { TreeEntry } from '../tree/index.ts'
import type { MergeRequest } from './merge-request.ts'
import type { PackageFacts } from './package-facts.ts'
import type { RootTree } from './root-tree.ts'
import { formatStatusStanza, type StatusConffile } from './status-stanza.ts'
import { formatTriggerFiles, readTriggerInterests } from './triggers.ts'
import type { InstalledPackage } from './unpack.ts'

const folder = 'var/lib/dpkg'

/** A file of the database before it lies in the tree. */
export interface DatabaseFile {
  /** Byte string relative to the root. */
  readonly path: string
  readonly bytes: Uint8Array
  readonly mode: number
  readonly modifiedSeconds: number
}

export interface DatabaseState {
  /** Instead of what the packages alone give, once dpkg has written it itself; byte strings. */
  readonly status: string | undefined
  readonly pendingTriggers: string
}

/** The folders that dpkg makes before it unpacks anything; the deb of dpkg itself brings `alternatives` and `parts`. */
export function makeDatabaseFolders(tree: RootTree): void {
  for (const name of ['info', 'triggers', 'updates']) tree.makeDirectories(`${folder}/${name}`)
}

/**
 * All files of `/var/lib/dpkg` but `status-old`, which is a backup. No `diversions` and no `statoverride`: dpkg makes them with
 * the first one.
 *
 * @param installed in the order of unpacking
 */
export function databaseFiles(
  installed: readonly InstalledPackage[],
  request: MergeRequest & DatabaseState,
): readonly DatabaseFile[] {
  const { modifiedSeconds, nativeArchitecture, foreignArchitectures } = request
  const file = (name: string, text: string, mode = 0o644): DatabaseFile => ({
    path: `${folder}/${name}`,
    bytes: bytesOfByteString(text),
    mode,
    modifiedSeconds,
  })
  const triggers = [...formatTriggerFiles(installed.map(each => each.facts))]
  const architectures = [nativeArchitecture, ...foreignArchitectures].map(each => `${each}\n`)
  return [
    file('status', request.status ?? formatStatus(installed, request.configure)),
    file('available', ''),
    file('lock', '', 0o640),
    file('lock-frontend', '', 0o640),
    ...(foreignArchitectures.length === 0 ? [] : [file('arch', architectures.join(''))]),
    file('info/format', '1\n'),
    file('triggers/Lock', '', 0o600),
    file('triggers/Unincorp', request.pendingTriggers),
    ...triggers.map(([name, text]) => file(`triggers/${name}`, text)),
    ...installed.flatMap(each => infoFiles(each, modifiedSeconds)),
  ]
}

/**
 * Puts a file of the database over whatever file a deb has brought there.
 *
 * @param before sha256 of what was put there last: equal bytes are not put again, since scripts may have changed them
 */
export function placeDatabaseFile(
  tree: RootTree,
  place: string,
  file: DatabaseFile,
  before: string | undefined,
): string {
  const sha256 = createHash('sha256').update(file.bytes).digest('hex')
  if (sha256 === before) return sha256
  const entry: TreeEntry = {
    kind: 'file',
    content: { sha256, sizeBytes: file.bytes.length },
    inode: undefined,
    mode: file.mode,
    userId: 0,
    groupId: 0,
    modifiedSeconds: file.modifiedSeconds,
  }
  tree.place(place, entry)
  return sha256
}

function formatStatus(installed: readonly InstalledPackage[], configure: MergeRequest['configure']): string {
  const sorted = [...installed].sort(
    ({ facts: a }, { facts: b }) =>
      compareBytes(a.name, b.name) || compareBytes(a.deb.architecture, b.deb.architecture),
  )
  return sorted.map(configure === 'scripts' ? formatUnpackedStanza : formatFinalStanza).join('')
}

/** Nothing is configured afterwards: conffiles are in place, and what has nothing to run is installed. */
function formatFinalStanza(installed: InstalledPackage): string {
  return formatStatusStanza({
    facts: installed.facts,
    state: hasNothingToRun(installed.facts) ? 'installed' : 'unpacked',
    conffiles: installed.conffiles.map(line => conffileState(installed, line.path, line.kind)),
  })
}

/** As `dpkg --unpack` leaves it. */
export function formatUnpackedStanza({ facts, conffiles, obsoleteConffiles }: InstalledPackage): string {
  return formatStatusStanza({
    facts,
    state: 'unpacked',
    conffiles: conffiles.map(({ path, kind }) => {
      const flag = obsoleteConffiles.has(path) ? ' obsolete' : kind === 'conffile' ? '' : ` ${kind}`
      return { path, state: `newconffile${flag}` }
    }),
  })
}

/**
 * Whether a package is installed without any script: it has no preinst and no postinst, and waits for no trigger, which
 * would run its postinst too. A prerm or postrm runs at removal only.
 */
export function hasNothingToRun(facts: PackageFacts): boolean {
  if (facts.controlFiles.has('preinst') || facts.controlFiles.has('postinst')) return false
  return readTriggerInterests(facts).length === 0
}

/** A conffile is in place, so it has the checksum of its content; one that is not there stays as unpacking leaves it. */
function conffileState(
  { facts, obsoleteConffiles, sha256ByPath }: InstalledPackage,
  path: string,
  kind: 'conffile' | 'remove-on-upgrade',
): StatusConffile {
  if (obsoleteConffiles.has(path)) return { path, state: 'newconffile obsolete' }
  if (kind === 'remove-on-upgrade') return { path, state: 'newconffile remove-on-upgrade' }
  return { path, state: facts.deb.md5BySha256.get(sha256ByPath.get(path) ?? '') ?? 'newconffile' }
}

function infoFiles(installed: InstalledPackage, modifiedSeconds: number): readonly DatabaseFile[] {
  const { facts, files } = installed
  const path = (kind: string) => `${folder}/info/${facts.instanceName}.${kind}`
  const list = [...files].map(each => (each === '' ? '/.\n' : `/${each}\n`)).join('')
  const copied = facts.deb.controlFiles
    // dpkg skips names with a dot; `list` is its own file.
    .filter(({ name }) => name !== 'control' && name !== 'list' && !/[./]/.test(name))
    .map(({ name, ...rest }) => ({ path: path(name), ...rest }))
  const made = [{ path: path('list'), bytes: bytesOfByteString(list), mode: 0o644, modifiedSeconds }]
  if (!facts.controlFiles.has('md5sums'))
    made.push({
      path: path('md5sums'),
      bytes: bytesOfByteString(formatChecksums(installed)),
      mode: 0o644,
      modifiedSeconds,
    })
  return [...copied, ...made]
}

/** @see dpkg's write_filehash_except: what it unpacked, also what another package took over later */
function formatChecksums({ facts, sha256ByPath }: InstalledPackage): string {
  return [...sha256ByPath].map(([path, sha256]) => `${facts.deb.md5BySha256.get(sha256)}  ${path}\n`).join('')
}
