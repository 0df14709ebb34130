import { quoted, redacted } from '../kernel/index.ts'
import type { TlsSettings } from './tls-settings.ts'

/** Where requests go. URLs may hold credentials: never print them whole. */
export type ProxySetting =
  | { readonly kind: 'direct' }
  | {
      readonly kind: 'proxy'
      /** For http URLs; undefined: a direct connection. */
      readonly http: string | undefined
      /** For https URLs; undefined: a direct connection. */
      readonly https: string | undefined
      /** Hosts and domains that are reached directly. */
      readonly except: readonly string[]
    }

/** Archive id → where it is looked for, in order. */
export type Mirrors = ReadonlyMap<string, readonly [string, ...string[]]>

/** A service that may be switched off. */
export type OptionalService = { readonly kind: 'none' } | { readonly kind: 'service'; readonly uri: string }

/** Archive id → where its old states are, with `{timestamp}`. */
export type Snapshots = ReadonlyMap<string, OptionalService>

/** The settings of one place. What a place does not say is undefined. */
export interface SettingsLayer {
  /** Where the values come from, for `doctor`: `--store`, `APTROOT_STORE`, a file. */
  readonly sources: readonly string[]
  /** Absolute. */
  readonly store?: string | undefined
  /** Absolute. */
  readonly storeLayers?: readonly string[] | undefined
  /** Absolute. */
  readonly vendor?: readonly string[] | undefined
  readonly mirrors?: Mirrors | undefined
  readonly snapshots?: Snapshots | undefined
  readonly launchpad?: OptionalService | undefined
  readonly fallback?: readonly string[] | undefined
  readonly parallelism?: number | undefined
  /** Seconds. */
  readonly timeout?: number | undefined
  readonly proxy?: ProxySetting | undefined
  readonly offline?: boolean | undefined
  /** Absolute. */
  readonly credentials?: string | undefined
  readonly tls?: TlsSettings | undefined
  /** An absolute path or a URL. */
  readonly securityData?: string | undefined
  /** Absolute paths and URLs. */
  readonly packageCaches?: readonly string[] | undefined
  /** Absolute. */
  readonly packageCacheKeys?: readonly string[] | undefined
  readonly revisionService?: string | undefined
  readonly revisionToken?: TokenPlace | undefined
}

/** Where a secret stands. It is no setting itself, so that whoever prints settings cannot print it. */
export type TokenPlace =
  /** Absolute. */
  { readonly kind: 'file'; readonly path: string } | { readonly kind: 'variable'; readonly name: string }

/** The value of a text, or why it is none; the caller knows where the text stands. */
export type Judged<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'problem'; readonly problem: string; readonly hint: string }

export function judgeMirrorUri(text: string): Judged<string> {
  const hint = 'Name an archive like http://mirror.example.org/debian or file:///srv/mirror/debian.'
  const url = parsedUrl(text)
  if (url === undefined || !['http:', 'https:', 'file:'].includes(url.protocol))
    return { kind: 'problem', problem: `${shown(text)} is no http, https or file URL`, hint }
  if (url.protocol === 'file:' && url.hostname !== '')
    return { kind: 'problem', problem: `${shown(text)} names a host for a file`, hint }
  if (url.search !== '' || url.hash !== '')
    return { kind: 'problem', problem: `${shown(text)} has a query, which an archive cannot have`, hint }
  return { kind: 'value', value: text.replace(/\/+$/, '') }
}

/** A service of one base address, or `none`. */
export function judgeService(text: string): Judged<OptionalService> {
  if (text === 'none') return { kind: 'value', value: { kind: 'none' } }
  const uri = judgeMirrorUri(text)
  return uri.kind === 'problem' ? uri : { kind: 'value', value: { kind: 'service', uri: uri.value } }
}

/** The address of an archive's states, or `none`. */
export function judgeSnapshot(text: string): Judged<OptionalService> {
  const service = judgeService(text)
  if (service.kind === 'problem' || text === 'none' || text.split('{timestamp}').length === 2) return service
  return {
    kind: 'problem',
    problem: `${shown(text)} does not hold {timestamp} exactly once`,
    hint: 'Name an address like http://snapshot.example.org/archive/debian/{timestamp}, or none.',
  }
}

/** `ID=URI` with `{timestamp}`, or `ID=none`. */
export function judgeNamedSnapshot(text: string): Judged<readonly [id: string, service: OptionalService]> {
  const match = idAndValue.exec(text)
  if (match?.[1] === undefined) return noPair(text)
  const service = judgeSnapshot(match[2] ?? '')
  return service.kind === 'problem' ? service : { kind: 'value', value: [match[1], service.value] }
}

const idAndValue = /^([a-z0-9][a-z0-9+._-]*)=(.*)$/s

function noPair(text: string): Judged<never> {
  return {
    kind: 'problem',
    problem: `${shown(text)} is not of the form ID=URI`,
    hint: 'Name the archive id of the manifest: debian=http://mirror.example.org/debian.',
  }
}

/** `ID=URI`, as `--mirror` takes it. */
export function judgeMirror(text: string): Judged<readonly [id: string, uri: string]> {
  const match = idAndValue.exec(text)
  if (match?.[1] === undefined) return noPair(text)
  const uri = judgeMirrorUri(match[2] ?? '')
  return uri.kind === 'problem' ? uri : { kind: 'value', value: [match[1], uri.value] }
}

const maximumParallelism = 64

export function judgeParallelism(text: string): Judged<number> {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= maximumParallelism) return { kind: 'value', value: number }
  return {
    kind: 'problem',
    problem: `parallelism is ${quoted(text)}`,
    hint: `Give the number of downloads at a time, 1 to ${maximumParallelism}.`,
  }
}

const maximumTimeoutSeconds = 3600

export function judgeTimeout(text: string): Judged<number> {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= maximumTimeoutSeconds) return { kind: 'value', value: number }
  return {
    kind: 'problem',
    problem: `timeout is ${quoted(text)}`,
    hint: `Give the seconds that a server may be silent, 1 to ${maximumTimeoutSeconds}.`,
  }
}

export function judgeYesOrNo(text: string): Judged<boolean> {
  if (['1', 'true', 'yes'].includes(text)) return { kind: 'value', value: true }
  if (['0', 'false', 'no'].includes(text)) return { kind: 'value', value: false }
  return { kind: 'problem', problem: `${quoted(text)} is neither yes nor no`, hint: 'Write true or false.' }
}

/** A URL, or `none`. One URL serves http and https. */
export function judgeProxy(text: string): Judged<ProxySetting> {
  if (text === 'none') return { kind: 'value', value: { kind: 'direct' } }
  const url = judgeProxyUrl(text)
  if (url.kind === 'problem') return url
  return { kind: 'value', value: { kind: 'proxy', http: url.value, https: url.value, except: [] } }
}

export function judgeProxyUrl(text: string): Judged<string> {
  const url = parsedUrl(text)
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:'))
    return { kind: 'value', value: text }
  return {
    kind: 'problem',
    problem: `the proxy ${shown(text)} is no http or https URL`,
    hint: 'Write a proxy like http://proxy.example.org:3128, or none.',
  }
}

/** Each archive's addresses in the order in which they were named. */
export function groupedMirrors(pairs: Iterable<readonly [id: string, uri: string]>): Mirrors {
  const mirrors = new Map<string, readonly [string, ...string[]]>()
  for (const [id, uri] of pairs) {
    const before = mirrors.get(id)
    mirrors.set(id, before === undefined ? [uri] : [...before, uri])
  }
  return mirrors
}

/** A URL without what may be a password; other text may hold one too (`debian=https://me:sec/ret@…`), so it is cut up to the last `@`. */
function shown(text: string): string {
  if (parsedUrl(text) !== undefined) return redacted(text)
  return quoted(text.replace(/(^|\/\/).*@/s, '$1…@'))
}

function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
