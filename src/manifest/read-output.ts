import { quoted, unreachable } from '../kernel/index.ts'
import { type ManifestNode, manifestFault, positionOf } from './manifest-node.ts'
import {
  defaultOptions,
  type OutputDefinition,
  type OutputFormat,
  type OutputOptions,
  outputFormats,
} from './output.ts'
import {
  choiceOf,
  type Fields,
  fieldsOf,
  listOf,
  nonEmpty,
  pathInProjectOf,
  required,
  shapedMapOf,
  shapedOf,
} from './read-values.ts'

const placeKeys = ['format', 'path'] as const
const optionKeys = {
  tar: [],
  directory: [],
  oci: ['ref', 'layers', 'entrypoint', 'cmd', 'env', 'user', 'workdir', 'labels', 'annotations'],
  ostree: ['ref', 'layout', 'subject'],
  squashfs: ['compression'],
  erofs: [],
  ext4: ['size', 'label'],
} as const satisfies { readonly [Format in OutputFormat]: readonly string[] }

type OptionKey = (typeof optionKeys)[OutputFormat][number]
type OutputFields = Fields<(typeof placeKeys)[number] | OptionKey>

/** The keys of an output by its format, those of all formats first. */
export function outputKeysOf(format: OutputFormat): readonly ((typeof placeKeys)[number] | OptionKey)[] {
  return [...placeKeys, ...optionKeys[format]]
}

/** @param roots how many root file systems the manifest makes: with several each output needs a place for each */
export function readOutput(node: ManifestNode, roots: number): OutputDefinition {
  const format = formatOf(node)
  const fields: OutputFields = fieldsOf(node, { of: `an output of format ${format}`, keys: outputKeysOf(format) })
  const place = required(fields.path, fields.node, '`path` of an output')
  const path = pathInProjectOf(place, '`path`')
  if (path === '') {
    throw manifestFault(place, {
      message: 'the output would replace the folder of the manifest itself',
      hint: 'Write a path such as out/rootfs.tar.',
    })
  }
  checkPlaceholders(place, '`path`', path)
  const options = optionsOf(format, fields)
  if (roots > 1 && !isSharedByRoots(options) && !path.includes('{architecture}')) {
    throw manifestFault(place, {
      message: `the manifest has ${roots} architectures, and all would be written to ${quoted(path)}`,
      hint: 'Put {architecture} into the path, such as out/{architecture}/rootfs.tar.',
    })
  }
  return { ...options, path, position: positionOf(node) }
}

/** The format first: which keys there are depends on it. */
function formatOf(node: ManifestNode): OutputFormat {
  const entries = node.kind === 'mapping' ? node.entries : []
  const format = entries.find(({ key }) => key.value === 'format')?.value
  if (format !== undefined) return choiceOf(format, '`format`', { of: outputFormats })
  // Nothing to go by: complain about what is there, then about what is missing.
  const fields = fieldsOf(node, { of: 'an output', keys: placeKeys })
  return choiceOf(required(undefined, fields.node, '`format` of an output'), '`format`', { of: outputFormats })
}

/** An OCI layout holds an index over architectures; an ostree repository has a branch for each. */
function isSharedByRoots(options: OutputOptions): boolean {
  if (options.format === 'ostree') return options.reference.includes('{architecture}')
  return options.format === 'oci'
}

function checkPlaceholders(node: ManifestNode, what: string, text: string): void {
  if (!/[{}]/.test(text.replaceAll('{architecture}', ''))) return
  throw manifestFault(node, {
    message: `${what} ${quoted(text)} has a placeholder other than {architecture}`,
    hint: 'Only {architecture} is replaced.',
  })
}

function optionsOf(format: OutputFormat, fields: OutputFields): OutputOptions {
  switch (format) {
    case 'tar':
    case 'directory':
    case 'erofs':
      return defaultOptions(format)
    case 'oci':
      return ociOptionsOf(fields)
    case 'ostree':
      return ostreeOptionsOf(fields)
    case 'squashfs':
      return {
        format,
        compression:
          fields.compression === undefined
            ? defaultOptions(format).compression
            : choiceOf(fields.compression, '`compression`', { of: ['gzip', 'xz', 'zstd'] }),
      }
    case 'ext4':
      return {
        format,
        sizeBytes: fields.size === undefined ? undefined : sizeOf(fields.size),
        label:
          fields.label === undefined
            ? undefined
            : shapedOf(fields.label, '`label`', { is: 'volumeLabel', like: 'a label of 1 to 16 letters and digits' }),
      }
    default:
      return unreachable(format)
  }
}

function ociOptionsOf(fields: OutputFields): OutputOptions {
  const text = (node: ManifestNode | undefined, key: string) =>
    node === undefined ? undefined : shapedOf(node, `\`${key}\``, { is: 'line', like: 'one line of text' })
  const words = (node: ManifestNode | undefined, key: string) =>
    node === undefined ? undefined : wordsOf(node, `\`${key}\``)
  const pairs = (node: ManifestNode | undefined, key: 'env' | 'labels' | 'annotations') =>
    node === undefined
      ? new Map<string, string>()
      : shapedMapOf(node, `\`${key}\``, {
          key: key === 'env' ? 'environmentName' : 'labelName',
          value: 'text',
        })
  return {
    format: 'oci',
    reference:
      fields.ref === undefined
        ? undefined
        : shapedOf(fields.ref, '`ref`', { is: 'imageReference', like: 'the name of an image such as nginx:latest' }),
    layers:
      fields.layers === undefined ? 'single' : choiceOf(fields.layers, '`layers`', { of: ['single', 'packages'] }),
    entrypoint: words(fields.entrypoint, 'entrypoint'),
    command: words(fields.cmd, 'cmd'),
    environment: pairs(fields.env, 'env'),
    user: text(fields.user, 'user'),
    workingFolder:
      fields.workdir === undefined
        ? undefined
        : shapedOf(fields.workdir, '`workdir`', {
            is: 'pathInImage',
            like: 'an absolute path of the image without `..`',
          }),
    labels: pairs(fields.labels, 'labels'),
    annotations: pairs(fields.annotations, 'annotations'),
  }
}

/** Words of a command line: the same one may come twice, so no list of distinct items. */
function wordsOf(node: ManifestNode, what: string): readonly string[] {
  const shape = { is: 'text', like: 'text without control characters' } as const
  let count = 0
  const words = listOf(node, what, {
    item: each => shapedOf(each, `a word of ${what}`, shape),
    identity: () => `${++count}`,
  })
  return nonEmpty(words, node, what)
}

function ostreeOptionsOf(fields: OutputFields): OutputOptions {
  const defaults = defaultOptions('ostree')
  return {
    format: 'ostree',
    reference:
      fields.ref === undefined
        ? defaults.reference
        : shapedOf(fields.ref, '`ref`', { is: 'branch', like: 'a branch such as debian/bookworm/{architecture}' }),
    layout:
      fields.layout === undefined
        ? defaults.layout
        : choiceOf(fields.layout, '`layout`', { of: ['deployment', 'plain'] }),
    subject:
      fields.subject === undefined
        ? defaults.subject
        : shapedOf(fields.subject, '`subject`', { is: 'line', like: 'one line of text' }),
  }
}

const unitBytes: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

function sizeOf(node: ManifestNode): number {
  const text = shapedOf(node, '`size`', { is: 'sizeWithUnit', like: 'a size such as 512M or 2G' })
  return Number(text.slice(0, -1)) * (unitBytes[text.slice(-1)] ?? 1)
}
