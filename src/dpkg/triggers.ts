import { byteStringOf } from '../codec/index.ts'
import { isPackageName } from '../debian/index.ts'
import { quoted, sortedByBytes } from '../kernel/index.ts'
import { debMalformed, type PackageFacts } from './package-facts.ts'

export interface TriggerInterest {
  /** A path with a leading slash, or a name. */
  readonly trigger: string
  readonly kind: 'file' | 'explicit'
  readonly mode: 'await' | 'noawait'
}

/** What dpkg itself keeps in `/var/lib/dpkg/triggers`; a trigger of such a name would overwrite it. */
const ownFiles = ['File', 'Lock', 'Unincorp']

/**
 * The interests that a deb's `triggers` declares; activations are checked and left out, since nothing is configured.
 *
 * @throws {Fault} `DEB_MALFORMED` for what dpkg refuses
 * @see deb-triggers(5)
 */
export function readTriggerInterests(facts: PackageFacts): readonly TriggerInterest[] {
  const bytes = facts.controlFiles.get('triggers')?.bytes
  if (bytes === undefined) return []
  return byteStringOf(bytes)
    .split('\n')
    .map(line => line.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter(line => line !== '' && !line.startsWith('#'))
    .flatMap(line => readDirective(facts, line))
}

function readDirective({ deb }: PackageFacts, line: string): readonly TriggerInterest[] {
  const [, directive = '', trigger = ''] = /^([^ \t]+)[ \t]+(.*)$/.exec(line) ?? []
  const kind = kindOf(trigger)
  if (kind === undefined) throw debMalformed(deb, `its triggers has the line ${quoted(line)}`)
  switch (directive) {
    case 'interest':
    case 'interest-await':
      return [{ trigger, kind, mode: 'await' }]
    case 'interest-noawait':
      return [{ trigger, kind, mode: 'noawait' }]
    case 'activate':
    case 'activate-await':
    case 'activate-noawait':
      return []
    default:
      throw debMalformed(deb, `its triggers has the unknown directive ${quoted(directive)}`)
  }
}

function kindOf(trigger: string): TriggerInterest['kind'] | undefined {
  if (/^[^!-~]|[^!-~]/.test(trigger)) return undefined
  if (trigger.startsWith('/')) return /\/(?:\/|$)/.test(trigger) ? undefined : 'file'
  if (ownFiles.includes(trigger) || trigger.includes('_') || trigger.startsWith('.')) return undefined
  return isPackageName(trigger) ? 'explicit' : undefined
}

/** `triggers/File` and `triggers/NAME` by file name, as byte strings, in the order in which packages are unpacked. */
export function formatTriggerFiles(packages: readonly PackageFacts[]): ReadonlyMap<string, string> {
  const interested = new Map<string, Map<string, string>>()
  const lineOf = (file: string, key: string, line: string) => {
    const lines = interested.get(file) ?? new Map<string, string>()
    interested.set(file, lines)
    return lines.set(key, line)
  }
  for (const facts of packages) {
    for (const { trigger, kind, mode } of readTriggerInterests(facts)) {
      const interest = `${facts.instanceName}${mode === 'noawait' ? '/noawait' : ''}`
      if (kind === 'file') lineOf('File', `${trigger} ${facts.instanceName}`, `${trigger} ${interest}\n`)
      else lineOf(trigger, facts.instanceName, `${interest}\n`)
    }
  }
  return new Map([...interested].map(([file, lines]) => [file, [...lines.values()].join('')]))
}

/**
 * A file of `/var/lib/dpkg/triggers` with its lines in byte order, each of which says by itself who is interested in what. What dpkg keeps
 * there beside interests is returned as it is.
 *
 * @param text a byte string
 */
export function sortTriggerInterests(fileName: string, text: string): string {
  if (fileName !== 'File' && ownFiles.includes(fileName)) return text
  const lines = text.split('\n')
  const unended = lines.pop() ?? ''
  return [...sortedByBytes(lines), unended].join('\n')
}

/**
 * Lines of `triggers/Unincorp` for the file triggers that unpacking activates: a path of a new package at or below one in which a
 * package is interested that is configured already. One that is not will see the files when its postinst runs, as with dpkg.
 *
 * @see dpkg's trig_file_activate; `-` in place of the packages that await it: none does
 */
export function formatActivations(earlier: readonly Unpacked[], added: readonly Unpacked[]): string {
  const triggers = new Set<string>()
  for (const { facts } of earlier)
    for (const { trigger, kind } of readTriggerInterests(facts)) if (kind === 'file') triggers.add(trigger)
  if (triggers.size === 0) return ''
  const active = new Set<string>()
  for (const { files } of added)
    for (const path of files)
      for (let at = `/${path}`; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) if (triggers.has(at)) active.add(at)
  return [...active]
    .sort()
    .map(trigger => `${trigger} -\n`)
    .join('')
}

interface Unpacked {
  readonly facts: PackageFacts
  readonly files: ReadonlySet<string>
}
