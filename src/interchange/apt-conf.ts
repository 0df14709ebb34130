import { quoted } from '../kernel/index.ts'
import { type AptNote, type AptPlace, sourcesFault } from './apt-source.ts'

export interface AptOption {
  readonly kind: 'set' | 'clear'
  /** In lower case, as apt compares it: `acquire::http::proxy`. */
  readonly name: string
  readonly value: string
  readonly place: AptPlace
}

type Token =
  | { readonly kind: 'word'; readonly text: string; readonly line: number }
  | { readonly kind: '{' | '}' | ';'; readonly line: number }

/**
 * The options of an apt.conf file in the order in which they are set. Items of lists (`Name:: "value"`) are left out.
 *
 * @throws {Fault} `APT_SOURCES_MALFORMED`
 * @see apt.conf(5)
 */
export function parseAptConf(text: string, fileName: string): AptOption[] {
  const options: AptOption[] = []
  const scopes: { readonly prefix: string; readonly line: number }[] = []
  let words: { readonly text: string; readonly line: number }[] = []
  for (const token of tokensOf(text, fileName)) {
    switch (token.kind) {
      case 'word':
        words.push(token)
        break
      case '{': {
        const name = words[0]
        if (name === undefined) throw sourcesFault({ file: fileName, line: token.line }, 'a block has no name before {')
        scopes.push({ prefix: `${scopes.at(-1)?.prefix ?? ''}${name.text.toLowerCase()}::`, line: token.line })
        words = []
        break
      }
      case '}':
        if (scopes.pop() === undefined) throw sourcesFault({ file: fileName, line: token.line }, 'a } closes no block')
        words = []
        break
      case ';': {
        const option = optionOf(words, scopes.at(-1)?.prefix ?? '', fileName)
        if (option !== undefined) options.push(option)
        words = []
        break
      }
      default:
        token satisfies never
    }
  }
  const open = scopes.at(-1)
  if (open !== undefined) throw sourcesFault({ file: fileName, line: open.line }, 'the block is never closed')
  const [rest] = words
  if (rest !== undefined)
    throw sourcesFault({ file: fileName, line: rest.line }, `there is no ; after ${quoted(rest.text)}`)
  return options
}

function optionOf(
  words: readonly { readonly text: string; readonly line: number }[],
  prefix: string,
  file: string,
): AptOption | undefined {
  const [first, second] = words
  if (first === undefined) return undefined
  const place = { file, line: first.line }
  if (first.text.toLowerCase() === '#clear')
    return second === undefined ? undefined : { kind: 'clear', name: second.text.toLowerCase(), value: '', place }
  if (second === undefined) return undefined
  return { kind: 'set', name: `${prefix}${first.text.toLowerCase()}`, value: second.text, place }
}

function* tokensOf(text: string, file: string): Generator<Token> {
  let line = 1
  let at = 0
  const moveTo = (end: number) => {
    for (; at < end; at++) if (text[at] === '\n') line++
  }
  const endOf = (mark: string, from: number, what: string) => {
    const end = text.indexOf(mark, from)
    if (end < 0) throw sourcesFault({ file, line }, `${what} is never closed`)
    return end
  }
  while (at < text.length) {
    const character = text[at] ?? ''
    const start = line
    if (/\s/.test(character)) moveTo(at + 1)
    else if (text.startsWith('/*', at)) moveTo(endOf('*/', at + 2, 'the comment') + 2)
    else if (text.startsWith('//', at) || (character === '#' && !/^#(clear|include)\b/i.test(text.slice(at, at + 9))))
      moveTo(endOfLine(text, at))
    else if (character === '{' || character === '}' || character === ';') {
      yield { kind: character, line }
      moveTo(at + 1)
    } else if (character === '"') {
      const end = endOf('"', at + 1, 'the quoted text')
      yield { kind: 'word', text: text.slice(at + 1, end), line: start }
      moveTo(end + 1)
    } else {
      const end = at + (/^(?:(?!\/\/|\/\*)[^\s"{};])+/.exec(text.slice(at, at + 4096))?.[0].length ?? 1)
      yield { kind: 'word', text: text.slice(at, end), line: start }
      moveTo(end)
    }
  }
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/** `direct`: apt was told to use no proxy. */
export type AptProxy = { readonly kind: 'direct' } | { readonly kind: 'proxy'; readonly url: string }

/** The proxies of apt.conf. URLs may hold credentials: never print them whole. */
export interface AptProxies {
  readonly http: AptProxy | undefined
  /** Where apt.conf has none for https, apt uses that of http. */
  readonly https: AptProxy | undefined
  /** For single hosts, before the general ones. */
  readonly hosts: readonly { readonly scheme: 'http' | 'https'; readonly host: string; readonly proxy: AptProxy }[]
}

export const noAptProxies: AptProxies = { http: undefined, https: undefined, hosts: [] }

/** The last option of a name counts; what is neither DIRECT nor an http(s) URL is noted and left out. */
export function proxiesOf(options: readonly AptOption[]): { readonly proxies: AptProxies; readonly notes: AptNote[] } {
  const notes: AptNote[] = []
  const general = new Map<string, AptProxy>()
  const hosts = new Map<string, AptProxies['hosts'][number]>()
  for (const { kind, name, value, place } of options) {
    if (kind === 'clear') {
      for (const map of [general, hosts])
        for (const key of [...map.keys()]) if (key === name || key.startsWith(`${name}::`)) map.delete(key)
      continue
    }
    const match = /^acquire::(https?)::proxy(?:::(.+))?$/.exec(name)
    if (match === null) continue
    const scheme = match[1] === 'https' ? 'https' : 'http'
    const proxy = proxyOf(value)
    if (proxy === undefined) {
      if (value !== '') notes.push({ place, message: `left out: the ${scheme} proxy is no http or https URL` })
      general.delete(name)
    } else if (match[2] === undefined) general.set(name, proxy)
    else hosts.set(name, { scheme, host: match[2], proxy })
  }
  const proxies = {
    http: general.get('acquire::http::proxy'),
    https: general.get('acquire::https::proxy'),
    hosts: [...hosts.values()],
  }
  return { proxies, notes }
}

function proxyOf(value: string): AptProxy | undefined {
  if (value.toUpperCase() === 'DIRECT') return { kind: 'direct' }
  try {
    const { protocol } = new URL(value)
    return protocol === 'http:' || protocol === 'https:' ? { kind: 'proxy', url: value } : undefined
  } catch {
    return undefined
  }
}
