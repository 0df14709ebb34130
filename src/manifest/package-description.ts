import { checkArchitecture, parseVersion } from '../debian/index.ts'
import { type ManifestNode, manifestFault, manifestSource } from './manifest-node.ts'
import { readPlainYaml } from './plain-yaml.ts'
import { latestSecond } from './read-image.ts'
import {
  fieldsOf,
  integerOf,
  listOf,
  nonEmpty,
  pathInProjectOf,
  placed,
  required,
  shapedListOf,
  shapedMapOf,
  shapedOf,
  stringOf,
} from './read-values.ts'
import { parseYaml } from './yaml-document.ts'

/** How a package is built: `package.yaml`, short forms expanded and defaults filled in. */
export interface PackageDescription {
  readonly fileName: string
  /** Of the source package; undefined: as the newest entry of debian/changelog says. */
  readonly name: string | undefined
  /** Of the sources; undefined: as the newest entry of debian/changelog says. */
  readonly version: string | undefined
  /** What the debs are called, `{version}+r{revision}`; undefined: they have the version of the sources. */
  readonly versionTemplate: string | undefined
  /** Manifest of the build root; its lock lies beside it. Relative to the folder of this file, as all paths. */
  readonly root: string
  /** Folder of the sources; empty: the one of this file. */
  readonly source: string
  /** Patterns of fnmatch(3): with a slash at the beginning from the top of the sources, else of anything below. */
  readonly exclude: readonly string[]
  /** undefined: dpkg-buildpackage. */
  readonly command: PackageCommand | undefined
  /** By name, in byte order. */
  readonly environment: ReadonlyMap<string, string>
  /** Native architectures of the roots that it is built in; undefined: all of the build root. */
  readonly architectures: readonly string[] | undefined
  /** Names of what the build leaves beside the sources. */
  readonly outputs: readonly string[]
  /** Where the outputs go; no part of the sources. */
  readonly outputFolder: string
  /** undefined: the date of the newest entry of debian/changelog, else the time of the build root. */
  readonly sourceDateEpochSeconds: number | undefined
}

export type PackageCommand =
  | { readonly kind: 'words'; readonly words: readonly [string, ...string[]] }
  /** Run by `sh -e`. */
  | { readonly kind: 'script'; readonly text: string }

export const packageKeys = {
  of: 'the description of a package',
  keys: [
    'package',
    'name',
    'version',
    'version-template',
    'root',
    'source',
    'command',
    'environment',
    'architectures',
    'outputs',
    'output-folder',
    'source-date-epoch',
  ],
} as const

export const packageSourceKeys = { of: '`source`', keys: ['path', 'exclude'] } as const

/** The `package:` number that this version reads. */
const packageFormat = 1

/** The sandbox decides them, so that every build has the same. */
const reservedVariables = /^(?:SOURCE_DATE_EPOCH|APTROOT_.*)$/

/**
 * Reads and checks `package.yaml`. Nothing is opened: where paths lead is judged by who opens them.
 *
 * @param fileName for messages
 * @throws {Fault} `MANIFEST_MALFORMED` (no YAML), `MANIFEST_INVALID`, `MANIFEST_PATH_OUTSIDE`; each message begins `file:line:column:`
 */
export async function readPackageDescription(text: string, fileName: string): Promise<PackageDescription> {
  const source = manifestSource(text, fileName, 'docs/package-build.md')
  return descriptionOf(readPlainYaml(source) ?? (await parseYaml(source)))
}

function descriptionOf(node: ManifestNode): PackageDescription {
  const fields = fieldsOf(node, packageKeys)
  const format = required(fields.package, fields.node, '`package: 1`, the version of the format,')
  const found = integerOf(format, '`package`', { least: 1, most: Number.MAX_SAFE_INTEGER })
  if (found !== packageFormat)
    throw manifestFault(format, {
      message: `the description has the format ${found}; this version of aptroot reads ${packageFormat}`,
      hint: 'Use a later version of aptroot.',
    })
  const { name, version, root, command, environment, architectures, outputs } = fields
  const folder = fields['output-folder']
  const template = fields['version-template']
  const epoch = fields['source-date-epoch']
  return {
    fileName: node.source.fileName,
    name: name === undefined ? undefined : shapedOf(name, '`name`', { is: 'packageName', like: 'a package name' }),
    version: version === undefined ? undefined : readVersion(version),
    versionTemplate:
      template === undefined
        ? undefined
        : shapedOf(template, '`version-template`', { is: 'versionTemplate', like: '{version}+r{revision}' }),
    root: root === undefined ? 'aptroot.yaml' : pathInProjectOf(root, '`root`'),
    ...readSource(fields.source),
    command: command === undefined ? undefined : readCommand(command),
    environment: environment === undefined ? new Map() : readEnvironment(environment),
    architectures: architectures === undefined ? undefined : readArchitectures(architectures),
    outputs:
      outputs === undefined
        ? ['*.deb', '*.udeb', '*.ddeb', '*.buildinfo', '*.changes']
        : nonEmpty(
            shapedListOf(
              outputs,
              { list: '`outputs`', item: 'the output' },
              { is: 'outputName', like: 'a name such as *.deb' },
            ),
            outputs,
            '`outputs`',
          ),
    outputFolder: folder === undefined ? 'out' : requireBelow(folder, pathInProjectOf(folder, '`output-folder`')),
    sourceDateEpochSeconds:
      epoch === undefined ? undefined : integerOf(epoch, '`source-date-epoch`', { least: 0, most: latestSecond }),
  }
}

function readVersion(node: ManifestNode): string {
  const text = stringOf(node, '`version`')
  placed(node, () => parseVersion(text))
  return text
}

/** `source: src`, or a mapping. */
function readSource(node: ManifestNode | undefined): Pick<PackageDescription, 'source' | 'exclude'> {
  if (node === undefined) return { source: '', exclude: [] }
  if (node.kind !== 'mapping') return { source: pathInProjectOf(node, '`source`'), exclude: [] }
  const { path, exclude } = fieldsOf(node, packageSourceKeys)
  return {
    source: path === undefined ? '' : pathInProjectOf(path, '`path` of `source`'),
    exclude:
      exclude === undefined
        ? []
        : shapedListOf(
            exclude,
            { list: '`exclude`', item: 'the pattern' },
            { is: 'line', like: 'a pattern such as *.o' },
          ),
  }
}

function readCommand(node: ManifestNode): PackageCommand {
  if (node.kind !== 'list') {
    const text = stringOf(node, '`command`')
    if (text.trim() !== '') return { kind: 'script', text }
    throw manifestFault(node, { message: '`command` is empty', hint: 'Write a command, or leave the key out.' })
  }
  // The same word may stand in a command twice.
  const words = node.items.map(each => shapedOf(each, 'a word of `command`', { is: 'text', like: 'one line' }))
  return { kind: 'words', words: nonEmpty(words, node, '`command`') }
}

function readEnvironment(node: ManifestNode): ReadonlyMap<string, string> {
  const variables = shapedMapOf(node, '`environment`', { key: 'environmentName', value: 'text' })
  const reserved = [...variables.keys()].find(each => reservedVariables.test(each))
  if (reserved === undefined || node.kind !== 'mapping') return variables
  throw manifestFault(node.entries.find(({ key }) => key.value === reserved)?.key ?? node, {
    message: `\`environment\` cannot set ${reserved}, which aptroot sets for every build`,
    hint: 'Take it away; `source-date-epoch` sets the time.',
  })
}

function readArchitectures(node: ManifestNode): readonly string[] {
  const read = (each: ManifestNode) => {
    const text = stringOf(each, 'an architecture')
    placed(each, () => checkArchitecture(text))
    return text
  }
  return nonEmpty(listOf(node, '`architectures`', { item: read, identity: text => text }), node, '`architectures`')
}

function requireBelow(node: ManifestNode, path: string): string {
  if (path !== '') return path
  throw manifestFault(node, {
    message: '`output-folder` is the folder of the description itself',
    hint: 'Name a folder in it, such as out.',
  })
}
