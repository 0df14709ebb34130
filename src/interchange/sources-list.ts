import { quoted } from '../kernel/index.ts'
import {
  type AptNote,
  type AptPlace,
  type AptSource,
  type AptSources,
  judgeSource,
  sourcesFault,
} from './apt-source.ts'

/** Names of the one-line format and their fields in a `.sources` file. `enabled` is not among them: apt knows it in stanzas only. */
const fieldOfOption: Readonly<Record<string, string>> = {
  arch: 'architectures',
  'arch+': 'architectures-add',
  'arch-': 'architectures-remove',
  'signed-by': 'signed-by',
  trusted: 'trusted',
}

/**
 * Reads the one-line format: `deb [option=value …] URI SUITE [COMPONENT …]`, one entry a line.
 *
 * @param fileName for messages
 * @throws {Fault} `APT_SOURCES_MALFORMED`
 * @see sources.list(5), ONE-LINE-STYLE FORMAT
 */
export function parseSourcesList(text: string, fileName: string): AptSources {
  const sources: AptSource[] = []
  const notes: AptNote[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const found = parseLine(line, { file: fileName, line: index + 1 })
    sources.push(...found.sources)
    notes.push(...found.notes)
  }
  return { sources, notes }
}

/**
 * Reads one `deb …` line, as it is given to `archive add`.
 *
 * @throws {Fault} `APT_SOURCES_MALFORMED`, also when aptroot cannot use what apt could
 */
export function parseSourceLine(text: string, name: string): AptSource {
  const place = { file: name, line: 1 }
  if (/[\n\r]/.test(text.trim())) throw sourcesFault(place, 'there is more than one line')
  const { sources, notes } = parseLine(text.trim(), place)
  const [source] = sources
  if (source !== undefined) return source
  throw sourcesFault(place, notes[0]?.message ?? `${quoted(text.trim())} is no enabled deb entry`)
}

function parseLine(line: string, place: AptPlace): AptSources {
  const words = wordsOf(withoutComment(line), place)
  const [type, ...rest] = words
  if (type === undefined) return { sources: [], notes: [] }
  const options = new Map<string, string>()
  if (rest[0]?.startsWith('[') === true) readOptions(rest.shift() ?? '', options, place)
  const [uri, suite, ...components] = rest
  return judgeSource({
    place,
    types: [type],
    uris: uri === undefined ? [] : [uri],
    suites: suite === undefined ? [] : [suite],
    components,
    options,
  })
}

/** A `#` ends the line, except inside brackets. */
function withoutComment(line: string): string {
  let at = 0
  while (at < line.length && line[at] !== '#') {
    const close = line[at] === '[' ? line.indexOf(']', at) : -1
    at = close < 0 ? at + 1 : close + 1
  }
  return line.slice(0, at)
}

/** Splits at blanks; brackets (options, the disk names of `cdrom:[…]`) and double quotes hold blanks together. */
function wordsOf(line: string, place: AptPlace): string[] {
  const words: string[] = []
  let word = ''
  let close: string | undefined
  for (const character of line) {
    if (close !== undefined) {
      if (character === close) close = undefined
      if (character !== '"') word += character
    } else if (character === '"') {
      close = '"'
    } else if (character === '[') {
      close = ']'
      word += character
    } else if (/\s/.test(character)) {
      if (word !== '') words.push(word)
      word = ''
    } else {
      word += character
    }
  }
  if (close !== undefined) throw sourcesFault(place, `a closing ${close} is missing`)
  if (word !== '') words.push(word)
  return words
}

function readOptions(text: string, options: Map<string, string>, place: AptPlace): void {
  if (!text.endsWith(']')) throw sourcesFault(place, 'a blank is missing after the options')
  for (const option of text.slice(1, -1).split(/\s+/)) {
    if (option === '') continue
    const match = /^([A-Za-z-]+\+?)=(.*)$/s.exec(option)
    if (match === null) throw sourcesFault(place, `the option ${quoted(option)} is not of the form name=value`)
    const field = fieldOfOption[match[1]?.toLowerCase() ?? '']
    // apt passes over options that it does not know; those that are left (lang, pdiffs, …) change nothing that is locked.
    if (field !== undefined) options.set(field, joined(options.get(field), match[2] ?? ''))
  }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`
}
