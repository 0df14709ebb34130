import { isPackageName, poolPathProblem, versionProblem } from '../debian/index.ts'
import { Fault, isSha256, quoted, unreachable } from '../kernel/index.ts'
import {
  blockOf,
  type LockBlock,
  type LockedDeb,
  type Lockfile,
  type LockRequest,
  lockFeatures,
  lockFormat,
} from './model.ts'
import type { LockMap, LockMember, LockNode } from './node.ts'
import { readCanonicalText } from './read-canonical.ts'
import { ownDebsOrigin } from './request.ts'
import { compareDebs } from './sources.ts'

/**
 * Reads a lockfile, canonical or rearranged by hand, and checks every value: a lockfile may come in a hostile pull
 * request.
 *
 * @throws {Fault} `LOCK_CONFLICTED` for a file with conflict markers, `LOCK_TOO_NEW` for a greater format or a required
 *   feature that this version lacks, `LOCK_MALFORMED` with file and line for everything else
 */
export async function readLockfile(text: string, fileName: string): Promise<Lockfile> {
  const marker = /^(?:<{7}|\|{7}|={7}|>{7})(?: |$)/m.exec(text)
  if (marker !== null) {
    const line = text.slice(0, marker.index).split('\n').length
    throw new Fault('LOCK_CONFLICTED', {
      message: `${fileName}:${line}: the file has conflict markers of a merge`,
      hint: 'Run `aptroot lock resolve`.',
      context: { file: fileName, line },
    })
  }
  const document = readCanonicalText(text) ?? (await import('./read-yaml.ts')).readYamlText(text, fileName)
  return new Interpreter(fileName, document.lines).lockfile(document.root)
}

const architecturePattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const archiveIdPattern = /^[A-Za-z0-9][A-Za-z0-9.+_-]*$/
const requestKeys = [
  ...['architectures', 'archives', 'base', 'recommends', 'wanted', 'exclude'],
  ...['same-version', 'phased-updates', 'pins', 'debs'],
]
const sourceKeys = ['version', 'from', 'at', 'directory', 'debs']
const debKeys = ['version', 'from', 'at', 'directory', 'file', 'sha256', 'size', 'relations', 'root', 'roots', 'needs']

/** Turns nodes into a checked lockfile; it has a life only to carry the file's name and the unknown keys it met. */
class Interpreter {
  readonly #fileName: string
  readonly #lines: readonly string[]
  readonly #unknown = new Map<string, readonly string[]>()
  #debsRequested: readonly string[] = []

  constructor(fileName: string, lines: readonly string[]) {
    this.#fileName = fileName
    this.#lines = lines
  }

  lockfile(root: LockMap): Lockfile {
    this.#checkFormat(root)
    this.#keepUnknown(root, ['lock', 'features', 'request', 'keys', 'sources'], { kind: 'file' })
    const request = this.#request(this.#map(this.#member(root, 'request', root.line)))
    this.#debsRequested = request.debs
    const keys = new Map<string, readonly string[]>()
    const keyMember = root.entries.get('keys')
    if (keyMember !== undefined) {
      for (const [archive, member] of this.#map(keyMember).entries) {
        if (!archiveIdPattern.test(archive)) throw this.#malformed(member.line, `${quoted(archive)} is no archive id`)
        const fingerprints = this.#texts(member)
        const wrong = fingerprints.find(each => !/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(each))
        if (wrong !== undefined) throw this.#malformed(member.line, `${quoted(wrong)} is no key fingerprint`)
        keys.set(archive, fingerprints)
      }
    }
    const debs: LockedDeb[] = []
    for (const [key, member] of this.#map(this.#member(root, 'sources', root.line)).entries) {
      for (const deb of this.#source(key, this.#map(member), member.line)) debs.push(deb)
    }
    debs.sort(compareDebs)
    return { format: lockFormat, request, keys, debs, unknown: this.#unknown }
  }

  #checkFormat(root: LockMap): void {
    const member = this.#member(root, 'lock', root.line)
    if (member.value.kind !== 'integer' || member.value.value < 1)
      throw this.#malformed(member.line, '`lock:` must be a format number such as 1')
    const features = root.entries.get('features')
    const known: readonly string[] = lockFeatures
    const missing = features === undefined ? [] : this.#texts(features).filter(each => !known.includes(each))
    if (member.value.value > lockFormat || missing.length > 0) {
      const what = missing.length > 0 ? `features ${missing.map(quoted).join(', ')}` : `format ${member.value.value}`
      throw new Fault('LOCK_TOO_NEW', {
        message: `${this.#fileName}:${member.line}: the lockfile needs ${what}; this aptroot reads format ${lockFormat}`,
        hint: 'Use the version of aptroot that wrote it, or a newer one.',
        context: { file: this.#fileName, format: member.value.value, features: missing },
      })
    }
  }

  #request(map: LockMap): LockRequest {
    this.#keepUnknown(map, requestKeys, { kind: 'request' })
    const list = (name: string): readonly string[] => {
      const member = map.entries.get(name)
      return member === undefined ? [] : this.#texts(member)
    }
    const switchOrList = (name: string): boolean | readonly string[] => {
      const member = map.entries.get(name)
      if (member === undefined) return false
      return member.value.kind === 'boolean' ? member.value.value : this.#texts(member)
    }
    const phasedUpdates = map.entries.get('phased-updates')
    const architectures = map.entries.get('architectures')
    return {
      architectures:
        architectures === undefined ? [] : this.#listOf(architectures, isRootName, 'a root such as amd64+i386'),
      archives: list('archives'),
      base: this.#text(this.#member(map, 'base', map.line)),
      recommends: switchOrList('recommends'),
      wanted: list('wanted'),
      exclude: list('exclude'),
      sameVersion: switchOrList('same-version'),
      phasedUpdates: phasedUpdates === undefined ? 'always' : this.#text(phasedUpdates),
      pins: list('pins'),
      debs: list('debs'),
    }
  }

  #source(key: string, map: LockMap, line: number): LockedDeb[] {
    this.#keepUnknown(map, sourceKeys, { kind: 'source', sourceKey: key })
    const [sourceName = ''] = key.split(' ', 1)
    if (!isPackageName(sourceName)) throw this.#malformed(line, `${quoted(key)} is no source package`)
    const sourceVersion = this.#version(this.#member(map, 'version', line))
    if (key !== sourceName && key !== `${sourceName} ${sourceVersion}`)
      throw this.#malformed(line, `the key ${quoted(key)} and the version ${quoted(sourceVersion)} disagree`)
    return [...this.#map(this.#member(map, 'debs', line)).entries].map(([debKey, member]) => {
      const deb = this.#map(member)
      this.#keepUnknown(deb, debKeys, { kind: 'deb', sourceKey: key, debKey })
      const colon = debKey.lastIndexOf(':')
      const name = debKey.slice(0, Math.max(colon, 0))
      const architecture = debKey.slice(colon + 1)
      if (!isPackageName(name) || !architecturePattern.test(architecture))
        throw this.#malformed(member.line, `${quoted(debKey)} is not of the form name:architecture`)
      const inherited = (field: string): LockMember => deb.entries.get(field) ?? this.#member(map, field, line)
      const version = deb.entries.get('version')
      const roots = deb.entries.get('roots')
      const needs = deb.entries.get('needs')
      const from = this.#matching(inherited('from'), isOrigin, 'archive/suite/component')
      return {
        name,
        architecture,
        version: version === undefined ? sourceVersion : this.#version(version),
        sourceName,
        sourceVersion,
        ...this.#pin(deb, member.line, from),
        from,
        at: this.#matching(inherited('at'), isTimestamp, 'a time such as 20260711T101637Z'),
        directory: this.#path(inherited('directory')),
        file: this.#file(deb.entries.get('file')),
        root: this.#root(deb.entries.get('root')),
        needs: needs === undefined ? [] : this.#listOf(needs, isNeed, 'a package name or name:architecture'),
        roots: roots === undefined ? undefined : this.#listOf(roots, isRootName, 'a root such as amd64+i386'),
      }
    })
  }

  /** Only the project's own debs can be without a hash, and only where the request says so: a review sees that line. */
  #pin(deb: LockMap, line: number, from: string): Pick<LockedDeb, 'sha256' | 'sizeBytes' | 'relations'> {
    const digest = (name: string) => this.#matching(this.#member(deb, name, line), isSha256, '64 lower-case hex digits')
    if (!deb.entries.has('relations'))
      return { sha256: digest('sha256'), sizeBytes: this.#size(this.#member(deb, 'size', line)) }
    if (deb.entries.has('sha256') || deb.entries.has('size'))
      throw this.#malformed(line, 'a deb has either `sha256` and `size` or `relations`')
    if (from !== ownDebsOrigin || !this.#debsRequested.some(each => each.endsWith(' relations')))
      throw this.#malformed(line, '`relations` instead of a hash is only for own debs that the request has so')
    return { sha256: '', sizeBytes: 0, relations: digest('relations') }
  }

  #version(member: LockMember): string {
    const version = this.#text(member)
    const problem = versionProblem(version)
    if (problem !== undefined) throw this.#malformed(member.line, `${quoted(version)} is no version: ${problem}`)
    return version
  }

  #path(member: LockMember): string {
    const path = this.#text(member)
    const problem = path === '' ? undefined : poolPathProblem(path)
    if (problem !== undefined)
      throw this.#malformed(member.line, `${quoted(path)} cannot be a folder of an archive: ${problem}`)
    return path
  }

  #file(member: LockMember | undefined): string | undefined {
    if (member === undefined) return undefined
    const file = this.#text(member)
    const problem = file.includes('/') ? 'it has a slash' : poolPathProblem(file)
    if (problem !== undefined)
      throw this.#malformed(member.line, `${quoted(file)} cannot be a file of an archive: ${problem}`)
    return file
  }

  #root(member: LockMember | undefined): 'wanted' | 'base' | undefined {
    if (member === undefined) return undefined
    const root = this.#text(member)
    if (root !== 'wanted' && root !== 'base')
      throw this.#malformed(member.line, `root is ${quoted(root)}, not "wanted" or "base"`)
    return root
  }

  #size({ value, line }: LockMember): number {
    if (value.kind !== 'integer') throw this.#malformed(line, 'size must be a whole number of bytes')
    return value.value
  }

  #matching(member: LockMember, isRight: (text: string) => boolean, form: string): string {
    const text = this.#text(member)
    if (!isRight(text)) throw this.#malformed(member.line, `${quoted(text)} is not ${form}`)
    return text
  }

  #member(map: LockMap, key: string, line: number): LockMember {
    const member = map.entries.get(key)
    if (member === undefined) throw this.#malformed(line, `\`${key}:\` is missing`)
    return member
  }

  #map({ value, line }: LockMember): LockMap {
    if (value.kind !== 'map') throw this.#malformed(line, 'a map of keys was expected')
    return value
  }

  #text({ value, line }: LockMember): string {
    return this.#nodeText(value, line)
  }

  #nodeText(value: LockNode, line: number): string {
    if (value.kind === 'text') {
      // Names end up on a terminal, in one-line messages and in lists with one line per item.
      if (/[\u0000-\u001f\u007f]/.test(value.value))
        throw this.#malformed(value.line, `${quoted(value.value)} has control characters`)
      return value.value
    }
    const found =
      value.kind === 'other'
        ? value.text
        : value.kind === 'list' || value.kind === 'map'
          ? `a ${value.kind}`
          : String(value.value)
    throw this.#malformed(line, `a quoted string was expected, not ${quoted(found)}`)
  }

  #texts({ value, line }: LockMember): readonly string[] {
    if (value.kind !== 'list') throw this.#malformed(line, 'a list of quoted strings was expected')
    return value.items.map(item => this.#nodeText(item, item.line))
  }

  #listOf(member: LockMember, isRight: (text: string) => boolean, form: string): readonly string[] {
    const texts = this.#texts(member)
    const wrong = texts.find(text => !isRight(text))
    if (wrong !== undefined) throw this.#malformed(member.line, `${quoted(wrong)} is not ${form}`)
    return texts
  }

  #keepUnknown(map: LockMap, known: readonly string[], block: LockBlock): void {
    const lines: string[] = []
    for (const [key, { line, lastLine, indent }] of map.entries) {
      if (known.includes(key)) continue
      if (indent === undefined)
        throw this.#malformed(line, `the unknown key ${quoted(key)} must stand on a line of its own to be kept`)
      // The writer has its own indentation; a block moves as a whole.
      const shift = indentOfBlock(block) - indent
      for (const each of this.#lines.slice(line - 1, lastLine)) lines.push(shiftedBy(shift, each))
    }
    if (lines.length > 0) this.#unknown.set(blockOf(block), lines)
  }

  #malformed(line: number, problem: string): Fault {
    return new Fault('LOCK_MALFORMED', {
      message: `${this.#fileName}:${line}: ${problem}`,
      hint: 'Take the file from version control, or write it anew with `aptroot lock update`.',
      context: { file: this.#fileName, line },
    })
  }
}

function indentOfBlock(block: LockBlock): number {
  switch (block.kind) {
    case 'file':
      return 0
    case 'request':
      return 2
    case 'source':
      return 4
    case 'deb':
      return 8
    default:
      return unreachable(block)
  }
}

function shiftedBy(columns: number, line: string): string {
  if (line.trim() === '') return ''
  if (columns >= 0) return ' '.repeat(columns) + line
  const blanks = line.length - line.trimStart().length
  return line.slice(Math.min(-columns, blanks))
}

/** `debian/bookworm/main`; suites may hold slashes and end in one, archive ids may not. */
function isOrigin(text: string): boolean {
  const slash = text.indexOf('/')
  return archiveIdPattern.test(text.slice(0, Math.max(slash, 0))) && /^\/[!-~]+$/.test(text.slice(slash))
}

function isTimestamp(text: string): boolean {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return false
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  // Day 0 of the next month is the last of this one.
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return (
    year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= lastDay && hour < 24 && minute < 60 && second < 60
  )
}

/** `amd64`, `amd64+i386`. */
function isRootName(text: string): boolean {
  return text.split('+').every(each => architecturePattern.test(each))
}

/** `libc6`, `libc6:i386`. */
function isNeed(text: string): boolean {
  const [name = '', ...qualifiers] = text.split(':')
  return isPackageName(name) && qualifiers.length <= 1 && qualifiers.every(each => architecturePattern.test(each))
}
