import type { UnpackedDeb, UnpackedEntry } from '../dpkg/index.ts'
import { compareBytes, sortedByBytes } from '../kernel/index.ts'
import { licenceChanges } from './licences.ts'
import { lineDifference } from './line-difference.ts'
import type { DebContents, PathSize, ScriptChange, TrustFinding } from './model.ts'
import { newPrivileges } from './script-privileges.ts'

/** The debs of one name and architecture on the two sides, taken apart. */
export interface DebPair {
  /** `name:architecture`. */
  readonly key: string
  readonly source: string
  readonly before: UnpackedDeb | undefined
  readonly after: UnpackedDeb | undefined
  /** Text of debian/copyright; undefined where a side has none. */
  readonly copyrightBefore?: string | undefined
  readonly copyrightAfter?: string | undefined
}

/** Members of control.tar that dpkg runs, or that steer what debconf asks. @see deb-preinst(5), deb-triggers(5) */
const scriptNames = ['preinst', 'postinst', 'prerm', 'postrm', 'config', 'triggers']

/** Paths of a list that are told; how many there are is told in any case. */
const pathsTold = 50

/** What is inside that a lock does not show. The same debs give the same answer. */
export function debContents({ key, source, before, after, copyrightBefore, copyrightAfter }: DebPair): DebContents {
  const had = filesOf(before)
  const has = filesOf(after)
  const added = sortedByBytes([...has.keys()].filter(path => !had.has(path)))
  const removed = sortedByBytes([...had.keys()].filter(path => !has.has(path)))
  const isPrivileged = (entry: UnpackedEntry['entry'] | undefined) =>
    entry !== undefined && 'mode' in entry && entry.kind === 'file' && (entry.mode & 0o6000) !== 0
  const setuid = sortedByBytes(
    [...has].flatMap(([path, entry]) =>
      isPrivileged(entry) && !isSamePrivilege(had.get(path), entry) ? [`${path} ${modeText(entry)}`] : [],
    ),
  )
  return {
    deb: key,
    source,
    scripts: scriptChanges(before, after),
    setuid: setuid.map(shown),
    capabilities: scriptNames.flatMap(name =>
      newPrivileges(textOf(before, name), textOf(after, name) ?? '').map(line => `${name}: ${line}`),
    ),
    units: added.filter(path => /^(usr\/)?lib\/systemd\/(system|user)\/[^/]+$/.test(path)).map(shown),
    users: added.filter(path => /^(usr\/lib|etc)\/sysusers\.d\/[^/]+\.conf$/.test(path)).map(shown),
    // What leaves takes its licence along.
    licences: after === undefined ? [] : licenceChanges(copyrightBefore, copyrightAfter),
    conffilesAdded: [...conffilesOf(after)].filter(path => !conffilesOf(before).has(path)),
    conffilesRemoved: [...conffilesOf(before)].filter(path => !conffilesOf(after).has(path)),
    filesAdded: added.length,
    filesRemoved: removed.length,
    paths: [...added.map(path => `+ ${shown(path)}`), ...removed.map(path => `- ${shown(path)}`)].slice(0, pathsTold),
    installedBytes: sizeOf(has) - sizeOf(had),
    sizes: pathSizes(had, has),
  }
}

/** What runs with the rights of root at or after installation, as findings of trust. */
export function contentFindings(contents: readonly DebContents[]): readonly TrustFinding[] {
  return contents.flatMap(({ deb, setuid, capabilities, scripts }) => [
    ...setuid.map((detail): TrustFinding => ({ kind: 'setuid', change: 'added', subject: deb, detail })),
    ...capabilities.map((detail): TrustFinding => ({ kind: 'capability', change: 'added', subject: deb, detail })),
    ...scripts.map(
      ({ name, change, lines }): TrustFinding => ({
        kind: 'script',
        change,
        subject: `${deb} ${name}`,
        detail: `${linesWith('+', lines)} lines more, ${linesWith('-', lines)} less`,
      }),
    ),
  ])
}

type Files = ReadonlyMap<string, UnpackedEntry['entry']>

function filesOf(deb: UnpackedDeb | undefined): Files {
  const entries = deb?.entries ?? []
  return new Map(entries.filter(({ entry }) => entry.kind !== 'directory').map(({ path, entry }) => [path, entry]))
}

function isSamePrivilege(before: UnpackedEntry['entry'] | undefined, after: UnpackedEntry['entry']): boolean {
  if (before === undefined || !('mode' in before) || !('mode' in after)) return false
  return (before.mode & 0o6000) === (after.mode & 0o6000) && before.userId === after.userId
}

function modeText(entry: UnpackedEntry['entry']): string {
  return 'mode' in entry ? `mode ${entry.mode.toString(8).padStart(4, '0')} of user ${entry.userId}` : ''
}

function scriptChanges(before: UnpackedDeb | undefined, after: UnpackedDeb | undefined): readonly ScriptChange[] {
  return scriptNames.flatMap((name): ScriptChange[] => {
    const [had, has] = [textOf(before, name), textOf(after, name)]
    // What leaves with its deb runs once more and is known.
    if (had === has || after === undefined) return []
    const change = had === undefined ? 'added' : has === undefined ? 'removed' : 'changed'
    return [{ name, change, lines: lineDifference(had ?? '', has ?? '') }]
  })
}

function textOf(deb: UnpackedDeb | undefined, name: string): string | undefined {
  const file = deb?.controlFiles.find(each => each.name === name)
  return file === undefined ? undefined : Buffer.from(file.bytes).toString('utf8')
}

function conffilesOf(deb: UnpackedDeb | undefined): ReadonlySet<string> {
  return new Set((textOf(deb, 'conffiles') ?? '').split('\n').filter(each => each !== ''))
}

function sizeOf(files: Files): number {
  return [...files.values()].reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.content.sizeBytes : 0), 0)
}

/** Growth by folder, three levels deep; the five that grew or shrank most. */
function pathSizes(before: Files, after: Files): readonly PathSize[] {
  const sums = new Map<string, number>()
  const add = (files: Files, sign: 1 | -1) => {
    for (const [path, entry] of files) {
      if (entry.kind !== 'file') continue
      const folder = shown(path.split('/').slice(0, -1).slice(0, 3).join('/'))
      sums.set(folder, (sums.get(folder) ?? 0) + sign * entry.content.sizeBytes)
    }
  }
  add(before, -1)
  add(after, 1)
  return [...sums]
    .filter(([, bytes]) => bytes !== 0)
    .sort(([left, a], [right, b]) => Math.abs(b) - Math.abs(a) || compareBytes(left, right))
    .slice(0, 5)
    .map(([path, bytes]) => ({ path, bytes }))
}

function linesWith(mark: '+' | '-', lines: readonly string[]): number {
  return lines.filter(line => line.startsWith(mark)).length
}

/** A byte string as text with its slash; what is not UTF-8 shows as U+FFFD. */
function shown(path: string): string {
  return `/${Buffer.from(path, 'latin1').toString('utf8')}`
}
