import {
  type BinaryPackage,
  type Listing,
  type MultiArch,
  parseOrGroups,
  parseProvides,
  parseRelations,
  universeOfPackages,
} from '../debian/index.ts'
import { Fault, isJsonObject, isSha256, type JsonObject, parsedJson } from '../kernel/index.ts'
import type { BaseSet, Pin, RecommendsPolicy, WantedSelection } from '../manifest/index.ts'
import { JsonReader } from './json-reader.ts'
import type { ResolutionRequest, WantedPackage } from './model.ts'
import { problemFormat } from './record-problem.ts'

/**
 * Reads what `recordProblem` wrote: the request, with a universe of the recorded packages.
 *
 * @param name of the file, for messages
 * @throws {Fault} `PROBLEM_MALFORMED`; `RELATION_MALFORMED` for a relation that does not parse
 */
export function readRecordedProblem(text: string, name: string): ResolutionRequest {
  const document = parseDocument(text, name)
  const read = new JsonReader(problem => malformed(name, problem))
  const format = document['aptroot-problem']
  if (format !== problemFormat) throw read.fault(`aptroot-problem is ${JSON.stringify(format)}, not ${problemFormat}`)
  const native = read.text(document, 'native')
  const foreign = read.texts(document, 'foreign')
  const suites = read.records(document, 'suites').map(each => listingOf(each, read))
  const packages = read.records(document, 'packages').map(each => packageOf(each, suites, read))
  const request = read.record(document, 'request')
  return {
    universe: universeOfPackages(packages, { native, foreign }),
    wanted: read.records(request, 'wanted').map(each => wantedOf(each, read)),
    base: read.oneOf<BaseSet>(request, 'base', ['none', 'essential', 'required', 'important']),
    recommends: recommendsOf(request, read),
    exclude: read.texts(request, 'exclude'),
    pins: read.records(request, 'pins').map(each => pinOf(each, read)),
    phasedUpdates:
      request.phasedUpdates === undefined ? 'always' : read.oneOf(request, 'phasedUpdates', ['always', 'never']),
    asOf: read.optionalText(request, 'asOf'),
    otherArchitectures: request.otherArchitectures === undefined ? [] : read.texts(request, 'otherArchitectures'),
  }
}

function parseDocument(text: string, name: string): JsonObject {
  const document = parsedJson(text)
  if (isJsonObject(document)) return document
  throw malformed(name, 'it is not a JSON object')
}

function wantedOf(record: JsonObject, read: JsonReader): WantedPackage {
  const [alternatives, ...more] = parseOrGroups(read.text(record, 'relation'))
  if (alternatives === undefined || more.length > 0) throw read.fault('a wanted item is not one relation')
  const item = { text: read.text(record, 'text'), alternatives, selection: selectionOf(record, read) }
  return record.architectures === undefined ? item : { ...item, architectures: read.texts(record, 'architectures') }
}

function selectionOf(record: JsonObject, read: JsonReader): WantedSelection {
  const version = read.optionalText(record, 'version')
  if (version !== undefined) return { kind: 'version', version }
  const suite = read.optionalText(record, 'suite')
  return suite === undefined ? { kind: 'candidate' } : { kind: 'suite', suite }
}

function recommendsOf(record: JsonObject, read: JsonReader): RecommendsPolicy {
  if (Array.isArray(record.recommends)) return { kind: 'follow-of', packages: read.texts(record, 'recommends') }
  return { kind: read.flag(record, 'recommends') ? 'follow' : 'skip' }
}

const releaseForms = ['a', 'n', 'o', 'l', 'c', 'v'] as const

function pinOf(record: JsonObject, read: JsonReader): Pin {
  const release = record.release === undefined ? undefined : read.record(record, 'release')
  return {
    package: read.optionalText(record, 'package'),
    source: read.optionalText(record, 'source'),
    version: read.optionalText(record, 'version'),
    release:
      release === undefined
        ? undefined
        : Object.fromEntries(
            releaseForms.flatMap(form => {
              const value = read.optionalText(release, form)
              return value === undefined ? [] : [[form, value]]
            }),
          ),
    origin: read.optionalText(record, 'origin'),
    priority: read.number(record, 'priority'),
    reason: read.optionalText(record, 'reason') ?? '',
    until: read.optionalText(record, 'until'),
    position: { line: 1, column: 1 },
  }
}

/** Everything of a listing but the file, which no choice depends on. */
function listingOf(record: JsonObject, read: JsonReader): Listing {
  const release = read.record(record, 'release')
  return {
    archive: read.text(record, 'archive'),
    suite: read.text(record, 'suite'),
    component: read.text(record, 'component'),
    fileName: '',
    security: read.flag(record, 'security'),
    release: {
      origin: read.optionalText(release, 'origin'),
      label: read.optionalText(release, 'label'),
      suite: read.optionalText(release, 'suite'),
      codename: read.optionalText(release, 'codename'),
      version: read.optionalText(release, 'version'),
      notAutomatic: read.flag(release, 'notAutomatic'),
      butAutomaticUpgrades: read.flag(release, 'butAutomaticUpgrades'),
      host: read.optionalText(release, 'host') ?? '',
      at: '',
    },
  }
}

function packageOf(record: JsonObject, suites: readonly Listing[], read: JsonReader): BinaryPackage {
  const name = read.text(record, 'name')
  const version = read.text(record, 'version')
  const relations = (field: string) => read.optionalText(record, field) ?? ''
  const sha256 = read.text(record, 'sha256')
  if (!isSha256(sha256)) throw read.fault(`the sha256 of ${name} is not one`)
  const [first, ...rest] = read.numbers(record, 'suites').map(at => suites[at])
  if (first === undefined || rest.includes(undefined)) throw read.fault(`${name} is in a suite that is not recorded`)
  return {
    name,
    version,
    architecture: read.text(record, 'architecture'),
    source: {
      name: read.optionalText(record, 'source') ?? name,
      version: read.optionalText(record, 'sourceVersion') ?? version,
    },
    essential: read.flag(record, 'essential'),
    important: read.flag(record, 'important'),
    priority: read.optionalText(record, 'priority') ?? 'optional',
    section: '',
    multiArch:
      record.multiArch === undefined
        ? 'no'
        : read.oneOf<MultiArch>(record, 'multiArch', ['no', 'same', 'foreign', 'allowed']),
    preDepends: parseOrGroups(relations('preDepends')),
    depends: parseOrGroups(relations('depends')),
    recommends: parseOrGroups(relations('recommends')),
    conflicts: parseRelations(relations('conflicts')),
    breaks: parseRelations(relations('breaks')),
    replaces: [],
    provides: parseProvides(relations('provides')),
    sha256,
    sizeBytes: 0,
    installedSizeKibibytes: undefined,
    phasedUpdatePercentage:
      record.phasedUpdatePercentage === undefined ? undefined : read.number(record, 'phasedUpdatePercentage'),
    listings: [first, ...rest.flatMap(each => each ?? [])],
  }
}

function malformed(file: string, problem: string): Fault {
  return new Fault('PROBLEM_MALFORMED', {
    message: `${file} is no recorded problem: ${problem}`,
    hint: 'Record it again with `aptroot lock update --record FILE`.',
    context: { file },
  })
}
