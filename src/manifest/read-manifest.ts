import { checkArchitecture } from '../debian/index.ts'
import { isFault, quoted } from '../kernel/index.ts'
import { type ManifestNode, manifestFault, manifestSource, positionOf } from './manifest-node.ts'
import type { ArchiveDefinition, Manifest, RecommendsPolicy, RootArchitecture, SameVersionPolicy } from './model.ts'
import { readPlainYaml } from './plain-yaml.ts'
import { defaultPolicy } from './policy.ts'
import type { DistributionPreset } from './preset.ts'
import { archivesOfPreset, presetOf } from './presets/index.ts'
import { readArchive } from './read-archives.ts'
import { defaultImage, readImage } from './read-image.ts'
import { readOwnDebs } from './read-own-debs.ts'
import { readPin } from './read-pins.ts'
import { readPolicy } from './read-policy.ts'
import {
  choiceOf,
  type Fields,
  fieldsOf,
  integerOf,
  listOf,
  nonEmpty,
  placed,
  required,
  shapedListOf,
  shapedOf,
  stringOf,
} from './read-values.ts'
import { readWanted } from './read-wanted.ts'
import { parseYaml } from './yaml-document.ts'

export const manifestKeys = {
  of: 'a manifest',
  keys: [
    'manifest',
    'distribution',
    'architectures',
    'archives',
    'base',
    'packages',
    'exclude',
    'recommends',
    'same-version',
    'phased-updates',
    'pins',
    'debs',
    'policy',
    'image',
  ],
} as const

type ManifestFields = Fields<(typeof manifestKeys.keys)[number]>

/** The `manifest:` number that this version reads. */
export const manifestFormat = 1

/**
 * Reads and checks `aptroot.yaml`; short forms are expanded, defaults filled in. Nothing is opened: whether the named
 * files exist, and where their symbolic links lead, is judged by who opens them.
 *
 * @param fileName for messages
 * @param hostArchitecture what holds where the manifest has no `architectures:`; without it that is a fault
 * @throws {Fault} `MANIFEST_MALFORMED` (no YAML), `MANIFEST_INVALID`, `MANIFEST_PATH_OUTSIDE`, `DISTRIBUTION_UNKNOWN`; each
 * message begins `file:line:column:`, each context has the line as `excerpt`
 */
export async function readManifest(text: string, fileName: string, hostArchitecture?: string): Promise<Manifest> {
  const source = manifestSource(text, fileName)
  const plain = readPlainYaml(source)
  if (plain === undefined) return manifestOf(await parseYaml(source), hostArchitecture)
  try {
    return manifestOf(plain, hostArchitecture)
  } catch (error) {
    if (!isFault(error)) throw error
    // Once more by the whole parser, which knows exactly where each value ends: the fault shows the place.
    return manifestOf(await parseYaml(source), hostArchitecture)
  }
}

function manifestOf(node: ManifestNode, hostArchitecture: string | undefined): Manifest {
  const fields = fieldsOf(node, manifestKeys)
  const { base, packages, exclude, recommends, pins, debs, policy, image } = fields
  checkFormat(fields)
  const architectures = readArchitectures(fields, hostArchitecture)
  const preset = readDistribution(fields.distribution)
  const mergedUsr = preset?.mergedUsr
  const archives = readArchives(fields, preset, architectures)
  const packageName = { is: 'packageName', like: 'a package name' } as const
  return {
    fileName: node.source.fileName,
    distribution: preset?.name,
    architectures,
    archives,
    base:
      base === undefined
        ? 'required'
        : choiceOf(base, '`base`', { of: ['none', 'essential', 'required', 'important'] }),
    packages:
      packages === undefined ? [] : listOf(packages, '`packages`', { item: readWanted, identity: each => each.text }),
    exclude:
      exclude === undefined ? [] : shapedListOf(exclude, { list: '`exclude`', item: 'the package' }, packageName),
    recommends: recommends === undefined ? { kind: 'skip' } : readRecommends(recommends),
    sameVersion: readSameVersion(fields['same-version']),
    phasedUpdates:
      fields['phased-updates'] === undefined
        ? 'always'
        : choiceOf(fields['phased-updates'], '`phased-updates`', { of: ['always', 'never'] }),
    pins:
      pins === undefined
        ? []
        : listOf(pins, '`pins`', {
            item: readPin,
            identity: ({ position: _position, ...pin }) => JSON.stringify(pin),
          }),
    debs: debs === undefined ? [] : listOf(debs, '`debs`', { item: readOwnDebs, identity: ({ path }) => path }),
    policy:
      policy === undefined
        ? defaultPolicy
        : readPolicy(
            policy,
            archives.map(({ id }) => id),
          ),
    image: image === undefined ? defaultImage(mergedUsr) : readImage(image, { mergedUsr, roots: architectures.length }),
  }
}

function checkFormat({ manifest, node }: ManifestFields): void {
  const format = required(manifest, node, '`manifest: 1`, the version of the format,')
  const found = integerOf(format, '`manifest`', { least: 1, most: Number.MAX_SAFE_INTEGER })
  if (found === manifestFormat) return
  throw manifestFault(format, {
    message: `the manifest has the format ${found}; this version of aptroot reads ${manifestFormat}`,
    hint: 'Use a later version of aptroot.',
  })
}

function readArchitectures(
  { architectures, node }: ManifestFields,
  hostArchitecture: string | undefined,
): Manifest['architectures'] {
  if (architectures === undefined && hostArchitecture !== undefined) return [{ native: hostArchitecture, foreign: [] }]
  const list = required(architectures, node, '`architectures`')
  const identity = ({ native, foreign }: RootArchitecture) => [native, ...foreign].join('+')
  return nonEmpty(listOf(list, '`architectures`', { item: readRootArchitecture, identity }), list, '`architectures`')
}

function readRootArchitecture(node: ManifestNode): RootArchitecture {
  const text = stringOf(node, 'an architecture')
  const [native = '', ...foreign] = text.split('+')
  for (const name of [native, ...foreign]) placed(node, () => checkArchitecture(name))
  if (new Set([native, ...foreign]).size === foreign.length + 1) return { native, foreign }
  throw manifestFault(node, {
    message: `${quoted(text)} names an architecture twice`,
    hint: 'Write the native architecture once, then each foreign one.',
  })
}

function readDistribution(node: ManifestNode | undefined): DistributionPreset | undefined {
  if (node === undefined) return undefined
  const name = shapedOf(node, '`distribution`', { is: 'line', like: 'debian/bookworm' })
  return placed(node, () => presetOf(name))
}

/** Those of the distribution first. */
function readArchives(
  { archives, distribution, node }: ManifestFields,
  preset: DistributionPreset | undefined,
  architectures: Manifest['architectures'],
): Manifest['archives'] {
  const names = architectures.flatMap(({ native, foreign }) => [native, ...foreign])
  const place = distribution ?? node
  const known = preset === undefined ? [] : archivesOfPreset(preset, names, positionOf(place))
  const own = archives === undefined ? [] : listOf(archives, '`archives`', { item: readArchive, identity: idOf })
  const twice = own.findIndex(each => known.some(({ id }) => id === each.id))
  if (twice >= 0 && archives?.kind === 'list') {
    throw manifestFault(archives.items[twice] ?? archives, {
      message: `the archive ${quoted(own[twice]?.id ?? '')} comes with \`distribution: ${preset?.name}\` already`,
      hint: 'Give it another id, or spell out all archives without `distribution`.',
    })
  }
  const [first, ...rest] = [...known, ...own]
  if (first !== undefined) return [first, ...rest]
  if (preset !== undefined && archives === undefined) {
    throw manifestFault(place, {
      message: `no archive of ${preset.name} carries ${names.join(', ')}`,
      hint: 'Spell out `archives:`, or choose other architectures.',
    })
  }
  return nonEmpty(own, archives ?? required(undefined, node, '`distribution` or `archives`'), '`archives`')
}

function idOf({ id }: ArchiveDefinition): string {
  return id
}

function readRecommends(node: ManifestNode): RecommendsPolicy {
  const said = readSwitchOrPackages(node, '`recommends`', 'A list names the packages whose Recommends are followed.')
  if (typeof said === 'boolean') return { kind: said ? 'follow' : 'skip' }
  return { kind: 'follow-of', packages: said }
}

function readSameVersion(node: ManifestNode | undefined): SameVersionPolicy {
  if (node === undefined) return { kind: 'none' }
  const hint = 'A list names the packages that have one version in every root.'
  const said = readSwitchOrPackages(node, '`same-version`', hint)
  if (typeof said === 'boolean') return { kind: said ? 'all' : 'none' }
  return { kind: 'all-of', packages: said }
}

function readSwitchOrPackages(node: ManifestNode, list: string, hint: string): boolean | readonly string[] {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
  if (node.kind !== 'list')
    throw manifestFault(node, { message: `${list} must be true, false or a list of packages`, hint })
  return shapedListOf(node, { list, item: 'the package' }, { is: 'packageName', like: 'a package name' })
}
