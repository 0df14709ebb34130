import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { didYouMean, Fault, quoted } from '../kernel/index.ts'
import {
  type Judged,
  judgeMirrorUri,
  judgeParallelism,
  judgeProxy,
  judgeProxyUrl,
  judgeService,
  judgeSnapshot,
  judgeTimeout,
  judgeYesOrNo,
  type ProxySetting,
  type SettingsLayer,
} from './setting-values.ts'
import type { TlsFiles, TlsSettings } from './tls-settings.ts'

const keys = [
  'mirrors',
  'snapshots',
  'launchpad',
  'fallback',
  'store',
  'store-layers',
  'vendor',
  'parallelism',
  'timeout',
  'proxy',
  'offline',
  'credentials',
  'tls',
  'security-data',
  'package-caches',
  'package-cache-keys',
  'revision-service',
  'revision-token',
] as const
type Key = (typeof keys)[number]

export interface SettingsFile {
  /** As messages name it. */
  readonly name: string
  readonly text: string
  /** Makes a path of the file absolute, or says why it may not be named here. */
  readonly resolvePath: (path: string) => Judged<string>
  /** Keys that this file may not set, with the reason. */
  readonly refused: ReadonlyMap<string, string>
}

interface Place {
  readonly file: SettingsFile
  readonly lines: LineCounter
}

/**
 * Reads the YAML of a settings file.
 *
 * @throws {Fault} `SETTINGS_INVALID` with file, line and column
 */
export function readSettingsFile(file: SettingsFile): SettingsLayer {
  const lines = new LineCounter()
  const place = { file, lines }
  refuseDeepNesting({ file, lines: new LineCounter() })
  const document: Document.Parsed = parseDocument(file.text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) throw invalid(place, error.pos[0], firstLine(error.message), 'Correct the YAML there.')
  if (document.contents === null) return { sources: [] }
  const layer: { -readonly [Name in keyof SettingsLayer]: SettingsLayer[Name] } = { sources: [file.name] }
  for (const [key, value] of entriesOf(place, document.contents, 'the settings')) {
    const name = keyOf(place, key.text, key.offset)
    switch (name) {
      case 'mirrors':
        layer.mirrors = mirrorsOf(place, value)
        break
      case 'snapshots':
        layer.snapshots = new Map(
          entriesOf(place, value, 'snapshots').map(([id, each]) => [
            id.text,
            judged(place, each, textOf(place, each, id.text), judgeSnapshot),
          ]),
        )
        break
      case 'launchpad':
        layer.launchpad = judged(place, value, textOf(place, value, name), judgeService)
        break
      case 'fallback':
        layer.fallback = listOf(value).map(each => judged(place, each, textOf(place, each, name), judgeMirrorUri))
        break
      case 'revision-service':
        layer.revisionService = textOf(place, value, name)
        break
      case 'revision-token':
        layer.revisionToken = { kind: 'file', path: judged(place, value, textOf(place, value, name), file.resolvePath) }
        break
      case 'package-caches':
        layer.packageCaches = listOf(value).map(each => placeOf(place, each, name))
        break
      case 'package-cache-keys':
        layer.packageCacheKeys = pathsOf(place, value, name)
        break
      case 'store':
      case 'credentials':
        layer[name] = judged(place, value, textOf(place, value, name), file.resolvePath)
        break
      case 'store-layers':
        layer.storeLayers = pathsOf(place, value, name)
        break
      case 'vendor':
        layer.vendor = pathsOf(place, value, name)
        break
      case 'parallelism':
        layer.parallelism = judged(place, value, textOf(place, value, name), judgeParallelism)
        break
      case 'timeout':
        layer.timeout = judged(place, value, textOf(place, value, name), judgeTimeout)
        break
      case 'offline':
        layer.offline = judged(place, value, textOf(place, value, name), judgeYesOrNo)
        break
      case 'proxy':
        layer.proxy = proxyOf(place, value)
        break
      case 'security-data':
        layer.securityData = placeOf(place, value, name)
        break
      case 'tls':
        layer.tls = tlsOf(place, value)
        break
      default:
        name satisfies never
    }
  }
  return layer
}

/**
 * The parser recurses: 30,000 times `- ` ends the process without any exception to catch. Block nesting costs a column
 * for each two levels, flow nesting a bracket for each, and settings need few of either.
 */
function refuseDeepNesting(place: Place): void {
  let start = 0
  let brackets = 0
  for (const line of place.file.text.split('\n')) {
    place.lines.addNewLine(start)
    brackets += line.match(/[[{]/g)?.length ?? 0
    const isDeep = /^[\s?:-]{100}/.test(line) || brackets > 200
    if (line.length > 2000 || isDeep)
      throw invalid(
        place,
        start,
        `the line is too ${isDeep ? 'deeply nested' : 'long'}`,
        'Settings are a few levels deep.',
      )
    start += line.length + 1
  }
}

function keyOf(place: Place, text: string, offset: number): Key {
  const known = keys.find(key => key === text)
  if (known === undefined)
    throw invalid(
      place,
      offset,
      `there is no setting ${quoted(text)}`,
      didYouMean(text, keys) ?? `Settings are ${keys.join(', ')}.`,
    )
  const reason = place.file.refused.get(known)
  if (reason !== undefined) throw invalid(place, offset, `${known} may not be set here`, reason)
  return known
}

function mirrorsOf(place: Place, node: Node | null) {
  const mirrors = new Map<string, readonly [string, ...string[]]>()
  for (const [id, value] of entriesOf(place, node, 'mirrors')) {
    const uris = listOf(value).map(each => judged(place, each, textOf(place, each, id.text), judgeMirrorUri))
    const [first, ...more] = uris
    if (first === undefined) throw invalid(place, id.offset, `${quoted(id.text)} has no mirror`, 'Name a URI.')
    mirrors.set(id.text, [first, ...more])
  }
  return mirrors
}

function proxyOf(place: Place, node: Node | null): ProxySetting {
  if (!isMap(node)) return judged(place, node, textOf(place, node, 'proxy'), judgeProxy)
  let http: string | undefined
  let https: string | undefined
  let except: readonly string[] = []
  for (const [key, value] of entriesOf(place, node, 'proxy')) {
    switch (key.text) {
      case 'http':
        http = judged(place, value, textOf(place, value, 'http'), judgeProxyUrl)
        break
      case 'https':
        https = judged(place, value, textOf(place, value, 'https'), judgeProxyUrl)
        break
      case 'except':
        except = listOf(value).map(each => textOf(place, each, 'except').toLowerCase())
        break
      default:
        throw invalid(place, key.offset, `proxy has no ${quoted(key.text)}`, 'It has http, https and except.')
    }
  }
  return { kind: 'proxy', http, https, except }
}

function tlsOf(place: Place, node: Node | null): TlsSettings {
  const hosts = new Map<string, TlsFiles>()
  const files = tlsFilesOf(place, node, (key, value) => {
    if (key.text !== 'hosts') return 'unknown'
    for (const [host, own] of entriesOf(place, value, 'hosts'))
      hosts.set(
        host.text.toLowerCase(),
        tlsFilesOf(place, own, () => 'unknown'),
      )
    return 'taken'
  })
  return { ...files, hosts }
}

/** @param other judges the keys beside ca, certificate and key */
function tlsFilesOf(
  place: Place,
  node: Node | null,
  other: (key: { readonly text: string }, value: Node | null) => 'taken' | 'unknown',
): TlsFiles {
  const files: { -readonly [Name in keyof TlsFiles]: TlsFiles[Name] } = {}
  for (const [key, value] of entriesOf(place, node, 'tls')) {
    const { text, offset } = key
    if (text === 'ca' || text === 'certificate' || text === 'key')
      files[text] = judged(place, value, textOf(place, value, text), place.file.resolvePath)
    else if (other(key, value) === 'unknown')
      throw invalid(
        place,
        offset,
        `tls has no ${quoted(text)} there`,
        'It has ca, certificate and key, and hosts once.',
      )
  }
  if (files.key !== undefined && files.certificate === undefined)
    throw invalid(place, offsetOf(node), 'a key without a certificate is of no use', 'Name `certificate` too.')
  return files
}

function entriesOf(place: Place, node: Node | null, what: string) {
  if (!isMap(node)) throw invalid(place, offsetOf(node), `${what} is no mapping`, 'Write `key: value` lines.')
  return node.items.map(({ key, value }) => {
    if (!isScalar(key)) throw invalid(place, offsetOf(node), `${what} has a key that is no text`, 'Write a plain key.')
    const entry = { text: String(key.value), offset: offsetOf(key) }
    return [entry, value as Node | null] as const // the parser gives nodes; `unknown` is for documents made by hand
  })
}

/** A URL as it is, a path as the file may name one. */
function placeOf(place: Place, node: Node | null, name: Key): string {
  const text = textOf(place, node, name)
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
  return isUrl ? text : judged(place, node, text, place.file.resolvePath)
}

function pathsOf(place: Place, node: Node | null, name: Key): readonly string[] {
  return listOf(node).map(each => judged(place, each, textOf(place, each, name), place.file.resolvePath))
}

/** One value may stand for a list of one. */
function listOf(node: Node | null): readonly (Node | null)[] {
  return isSeq(node) ? (node.items as readonly (Node | null)[]) : [node] // as above
}

function textOf(place: Place, node: Node | null, what: string): string {
  // The text as written, so that `01` is not 1 and `yes` not a boolean of some YAML version. Aliases are no scalars.
  if (isScalar(node) && node.value !== null) return typeof node.value === 'string' ? node.value : (node.source ?? '')
  throw invalid(place, offsetOf(node), `${quoted(what)} is no text`, 'Write one value; docs/settings.md shows each.')
}

function judged<Value>(place: Place, node: Node | null, text: string, judge: (text: string) => Judged<Value>): Value {
  const answer = judge(text)
  if (answer.kind === 'value') return answer.value
  throw invalid(place, offsetOf(node), answer.problem, answer.hint)
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0
}

function firstLine(text: string): string {
  return quoted(text.split('\n', 1)[0] ?? '')
}

function invalid({ file, lines }: Place, offset: number, problem: string, hint: string): Fault {
  const { line, col } = lines.linePos(offset)
  return new Fault('SETTINGS_INVALID', {
    message: `${file.name}:${line}:${col}: ${problem}`,
    hint,
    context: { file: file.name, line, column: col },
  })
}
