import { isAbsolute, join, resolve } from 'node:path'
import { Fault } from '../kernel/index.ts'
import {
  groupedMirrors,
  type Judged,
  judgeMirror,
  judgeMirrorUri,
  judgeNamedSnapshot,
  judgeParallelism,
  judgeProxy,
  judgeProxyUrl,
  judgeService,
  judgeTimeout,
  judgeYesOrNo,
  type Mirrors,
  type OptionalService,
  type ProxySetting,
  type SettingsLayer,
  type Snapshots,
  type TokenPlace,
} from './setting-values.ts'
import type { TlsFiles, TlsSettings } from './tls-settings.ts'

/** Where files come from and go to. None of it touches a lock or a byte of an image. */
export interface Settings {
  /** Absolute. */
  readonly storeFolder: string
  /** Absolute; stores that are looked into after it, and never written to. */
  readonly storeLayers: readonly string[]
  /** Absolute; asked before any mirror. */
  readonly vendorFolders: readonly string[]
  readonly mirrors: Mirrors
  /** Instead of what the manifest says. */
  readonly snapshots: Snapshots
  readonly launchpad: OptionalService
  /** Asked for a deb after everything else. */
  readonly fallbackUris: readonly string[]
  /** Downloads at a time. */
  readonly parallelism: number
  /** How long a server may be silent. */
  readonly timeoutSeconds: number
  /** undefined: nobody said anything, so that the host's apt configuration may. */
  readonly proxy: ProxySetting | undefined
  readonly mode: 'online' | 'offline'
  /** A netrc file or apt's auth.conf, or a folder of such files; undefined: nobody said, so that the host's apt may. */
  readonly credentialsFile: string | undefined
  readonly tls: TlsSettings | undefined
  /** Absolute path or URL of data about vulnerabilities. */
  readonly securityData: string | undefined
  /** Absolute paths and URLs: builds of own packages that others made. */
  readonly packageCaches: readonly string[]
  /** Absolute: keys under whose signature they are believed. */
  readonly packageCacheKeys: readonly string[]
  /** Address of the service that numbers builds. */
  readonly revisionService: string | undefined
  readonly revisionToken: TokenPlace | undefined
  /** What was set and where, highest precedence first; for `doctor`. */
  readonly sources: readonly string[]
}

/** As the command line gives them; what a command has no flag for is undefined. */
export interface SettingFlags {
  readonly store?: string | undefined
  readonly 'store-layer'?: readonly string[] | undefined
  readonly vendor?: readonly string[] | undefined
  readonly fallback?: readonly string[] | undefined
  /** `ID=URI` each. */
  readonly mirror?: readonly string[] | undefined
  readonly parallelism?: string | undefined
  readonly timeout?: string | undefined
  readonly proxy?: string | undefined
  readonly offline?: boolean | undefined
  readonly credentials?: string | undefined
  readonly 'security-data'?: string | undefined
  readonly 'package-cache'?: readonly string[] | undefined
  readonly 'package-cache-key'?: readonly string[] | undefined
  readonly 'revision-service'?: string | undefined
  readonly 'token-file'?: string | undefined
}

export type Environment = Readonly<Record<string, string>>

export const defaultParallelism = 8
export const defaultTimeoutSeconds = 30

const launchpad: OptionalService = { kind: 'service', uri: 'https://launchpad.net' }

/** @throws {Fault} `SETTINGS_INVALID` that names the flag */
export function settingsOfFlags(flags: SettingFlags, workingFolder: string): SettingsLayer {
  const path = (text: string) => resolve(workingFolder, text)
  const named = Object.entries(flags).filter(([, value]) => value !== undefined && value !== false)
  return {
    sources: named.map(([name]) => `--${name}`),
    store: flags.store === undefined ? undefined : path(filled('--store', flags.store)),
    storeLayers: flags['store-layer']?.map(folder => path(filled('--store-layer', folder))),
    vendor: flags.vendor?.map(folder => path(filled('--vendor', folder))),
    mirrors:
      flags.mirror === undefined
        ? undefined
        : groupedMirrors(flags.mirror.map(text => judged('--mirror', text, judgeMirror))),
    fallback: flags.fallback?.map(text => judged('--fallback', text, judgeMirrorUri)),
    parallelism:
      flags.parallelism === undefined ? undefined : judged('--parallelism', flags.parallelism, judgeParallelism),
    timeout: flags.timeout === undefined ? undefined : judged('--timeout', flags.timeout, judgeTimeout),
    proxy: flags.proxy === undefined ? undefined : judged('--proxy', flags.proxy, judgeProxy),
    offline: flags.offline,
    credentials: flags.credentials === undefined ? undefined : path(filled('--credentials', flags.credentials)),
    securityData:
      flags['security-data'] === undefined
        ? undefined
        : placeOfData(filled('--security-data', flags['security-data']), workingFolder),
    packageCaches: flags['package-cache']?.map(each => placeOfData(filled('--package-cache', each), workingFolder)),
    packageCacheKeys: flags['package-cache-key']?.map(each => path(filled('--package-cache-key', each))),
    revisionService: flags['revision-service'],
    revisionToken:
      flags['token-file'] === undefined
        ? undefined
        : { kind: 'file', path: path(filled('--token-file', flags['token-file'])) },
  }
}

/**
 * The `APTROOT_*` variables. An empty one is not set, as a shell cannot easily unset one for a single command.
 *
 * @throws {Fault} `SETTINGS_INVALID` that names the variable
 */
export function settingsOfEnvironment(environment: Environment, workingFolder: string): SettingsLayer {
  const sources: string[] = []
  const read = <Value>(name: string, judge: (text: string) => Judged<Value>): Value | undefined => {
    const text = environment[name]
    if (text === undefined || text === '') return undefined
    sources.push(name)
    return judged(name, text, judge)
  }
  const path = (text: string): Judged<string> => ({ kind: 'value', value: resolve(workingFolder, text) })
  const paths = (text: string): Judged<readonly string[]> => ({
    kind: 'value',
    value: wordsOf(text, /:/).map(each => resolve(workingFolder, each)),
  })
  return {
    store: read('APTROOT_STORE', path),
    storeLayers: read('APTROOT_STORE_LAYERS', paths),
    vendor: read('APTROOT_VENDOR', paths),
    mirrors: read('APTROOT_MIRRORS', text => ({
      kind: 'value',
      value: groupedMirrors(wordsOf(text, /\s+/).map(each => judged('APTROOT_MIRRORS', each, judgeMirror))),
    })),
    snapshots: read('APTROOT_SNAPSHOTS', text => ({
      kind: 'value',
      value: new Map(wordsOf(text, /\s+/).map(each => judged('APTROOT_SNAPSHOTS', each, judgeNamedSnapshot))),
    })),
    launchpad: read('APTROOT_LAUNCHPAD', judgeService),
    fallback: read('APTROOT_FALLBACK', text => ({
      kind: 'value',
      value: wordsOf(text, /\s+/).map(each => judged('APTROOT_FALLBACK', each, judgeMirrorUri)),
    })),
    parallelism: read('APTROOT_PARALLELISM', judgeParallelism),
    timeout: read('APTROOT_TIMEOUT', judgeTimeout),
    proxy: read('APTROOT_PROXY', judgeProxy),
    offline: read('APTROOT_OFFLINE', judgeYesOrNo),
    credentials: read('APTROOT_CREDENTIALS', path),
    securityData: read('APTROOT_SECURITY_DATA', text => ({ kind: 'value', value: placeOfData(text, workingFolder) })),
    packageCaches: read('APTROOT_PACKAGE_CACHES', text => ({
      kind: 'value',
      value: wordsOf(text, /\s+/).map(each => placeOfData(each, workingFolder)),
    })),
    packageCacheKeys: read('APTROOT_PACKAGE_CACHE_KEYS', paths),
    revisionService: read('APTROOT_REVISION_SERVICE', text => ({ kind: 'value', value: text })),
    revisionToken: read('APTROOT_REVISION_TOKEN', () => ({
      kind: 'value',
      value: { kind: 'variable', name: 'APTROOT_REVISION_TOKEN' },
    })),
    tls: tlsForAll({
      ca: read('APTROOT_TLS_CA', path),
      certificate: read('APTROOT_TLS_CERTIFICATE', path),
      key: read('APTROOT_TLS_KEY', path),
    }),
    sources,
  }
}

/**
 * What holds where nobody chose: the cache folder of the XDG base directory specification, and the proxy variables that
 * curl and apt know. `HTTP_PROXY` in capitals is not among them: a CGI server sets it from a request's `Proxy:` header.
 *
 * @throws {Fault} `SETTINGS_INVALID` that names the variable
 */
export function defaultSettings(environment: Environment): SettingsLayer {
  return { sources: [], store: defaultStore(environment), proxy: proxyOfEnvironment(environment) }
}

/**
 * The first layer that has a value decides; of mirrors and snapshots, the first that names the archive.
 *
 * @param layers highest precedence first
 * @throws {Fault} `SETTINGS_INVALID` when none has a place for the store
 */
export function mergeSettings(layers: readonly SettingsLayer[]): Settings {
  const first = <Name extends keyof SettingsLayer>(name: Name): SettingsLayer[Name] | undefined =>
    layers.find(layer => layer[name] !== undefined)?.[name]
  const storeFolder = first('store')
  if (storeFolder === undefined)
    throw new Fault('SETTINGS_INVALID', {
      message: 'no place for the store: neither APTROOT_STORE nor XDG_CACHE_HOME nor HOME is set',
      hint: 'Name a folder with --store DIR.',
    })
  return {
    storeFolder,
    storeLayers: first('storeLayers') ?? [],
    vendorFolders: first('vendor') ?? [],
    mirrors: new Map(layers.toReversed().flatMap(layer => [...(layer.mirrors ?? [])])),
    snapshots: new Map(layers.toReversed().flatMap(layer => [...(layer.snapshots ?? [])])),
    launchpad: first('launchpad') ?? launchpad,
    fallbackUris: first('fallback') ?? [],
    parallelism: first('parallelism') ?? defaultParallelism,
    timeoutSeconds: first('timeout') ?? defaultTimeoutSeconds,
    proxy: first('proxy'),
    mode: first('offline') === true ? 'offline' : 'online',
    credentialsFile: first('credentials'),
    tls: first('tls'),
    securityData: first('securityData'),
    packageCaches: first('packageCaches') ?? [],
    packageCacheKeys: first('packageCacheKeys') ?? [],
    revisionService: first('revisionService'),
    revisionToken: first('revisionToken'),
    sources: layers.flatMap(layer => layer.sources),
  }
}

/** A URL as it is, a path made absolute. */
function placeOfData(text: string, folder: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : resolve(folder, text)
}

function tlsForAll(files: TlsFiles): TlsSettings | undefined {
  if (files.key !== undefined && files.certificate === undefined)
    throw new Fault('SETTINGS_INVALID', {
      message: 'APTROOT_TLS_KEY: a key without a certificate is of no use',
      hint: 'Set APTROOT_TLS_CERTIFICATE too.',
      context: { setting: 'APTROOT_TLS_KEY' },
    })
  return files.ca === undefined && files.certificate === undefined ? undefined : { ...files, hosts: new Map() }
}

function defaultStore({ XDG_CACHE_HOME: cache, HOME: home }: Environment): string | undefined {
  // The specification has relative paths ignored.
  if (cache !== undefined && isAbsolute(cache)) return join(cache, 'aptroot')
  return home === undefined || home === '' ? undefined : join(home, '.cache/aptroot')
}

function proxyOfEnvironment(environment: Environment): ProxySetting | undefined {
  const read = (...names: readonly string[]): string | undefined => {
    const name = names.find(each => (environment[each] ?? '') !== '')
    if (name === undefined) return undefined
    const text = environment[name] ?? ''
    // curl takes a proxy without a scheme for http, and many profiles are written that way.
    return judged(name, text.includes('://') ? text : `http://${text}`, judgeProxyUrl)
  }
  const http = read('http_proxy')
  const https = read('https_proxy', 'HTTPS_PROXY')
  if (http === undefined && https === undefined) return undefined
  const except = wordsOf(environment.no_proxy ?? environment.NO_PROXY ?? '', /[\s,]+/)
  return { kind: 'proxy', http, https, except: except.map(each => each.toLowerCase()) }
}

function wordsOf(text: string, separator: RegExp): string[] {
  return text.split(separator).filter(word => word !== '')
}

function filled(name: string, text: string): string {
  return judged(name, text, each =>
    each === ''
      ? { kind: 'problem', problem: 'the path is empty', hint: 'Name a folder or file.' }
      : { kind: 'value', value: each },
  )
}

function judged<Value>(name: string, text: string, judge: (text: string) => Judged<Value>): Value {
  const answer = judge(text)
  if (answer.kind === 'value') return answer.value
  throw new Fault('SETTINGS_INVALID', {
    message: `${name}: ${answer.problem}`,
    hint: answer.hint,
    context: { setting: name },
  })
}
