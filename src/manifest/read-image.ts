import { quoted } from '../kernel/index.ts'
import { noCustomisation } from './customisation.ts'
import { type ManifestNode, manifestFault, positionOf } from './manifest-node.ts'
import type { AccountReference, ImageSection, OverlayFiles } from './model.ts'
import { accountName, customisationKeys, largestId, readCustomisation } from './read-customisation.ts'
import { readOutput } from './read-output.ts'
import {
  booleanOf,
  choiceOf,
  fieldsOf,
  integerOf,
  listOf,
  pathInProjectOf,
  required,
  shapedListOf,
  shapedMapOf,
  shapedOf,
} from './read-values.ts'

export const imageKeys = {
  of: '`image`',
  keys: [
    'configure',
    'exclude-paths',
    'merged-usr',
    'files',
    'variables',
    'source-date-epoch',
    'outputs',
    ...customisationKeys,
  ],
} as const

export const overlayKeys = {
  of: 'an item of `files`',
  keys: ['source', 'target', 'owner', 'group', 'mode', 'template'],
} as const

/** What every template can say without `variables`. */
export const builtInVariables = ['architecture', 'hostname', 'lock', 'source-date-epoch'] as const

export type BuiltInVariable = (typeof builtInVariables)[number]

/** The latest second that eleven octal digits of a tar header hold: in the year 2242. */
export const latestSecond = 0o77777777777

/** What holds where the manifest has no `image:`. `mergedUsr` comes from the distribution. */
export function defaultImage(mergedUsr: boolean | undefined): ImageSection {
  return {
    configure: 'scripts',
    excludePaths: [],
    mergedUsr,
    files: [],
    variables: new Map(),
    sourceDateEpochSeconds: undefined,
    outputs: [],
    customisation: noCustomisation,
  }
}

export function readImage(node: ManifestNode, surroundings: { mergedUsr: boolean | undefined; roots: number }) {
  const fields = fieldsOf(node, imageKeys)
  const { files, variables, outputs } = fields
  const excludePaths = fields['exclude-paths']
  const mergedUsr = fields['merged-usr']
  const epoch = fields['source-date-epoch']
  const defaults = defaultImage(surroundings.mergedUsr)
  const configure =
    fields.configure === undefined
      ? defaults.configure
      : choiceOf(fields.configure, '`configure`', { of: ['scripts', 'none'] })
  const section: ImageSection = {
    configure,
    excludePaths:
      excludePaths === undefined
        ? defaults.excludePaths
        : shapedListOf(
            excludePaths,
            { list: '`exclude-paths`', item: 'the pattern' },
            {
              is: 'pathPattern',
              like: 'an absolute path such as /usr/share/doc/*',
            },
          ),
    mergedUsr: mergedUsr === undefined ? defaults.mergedUsr : booleanOf(mergedUsr, '`merged-usr`'),
    files:
      files === undefined
        ? defaults.files
        : listOf(files, '`files`', { item: readOverlay, identity: each => `${each.source} to ${each.target}` }),
    variables: variables === undefined ? defaults.variables : readVariables(variables),
    sourceDateEpochSeconds:
      epoch === undefined ? undefined : integerOf(epoch, '`source-date-epoch`', { least: 0, most: latestSecond }),
    outputs:
      outputs === undefined
        ? defaults.outputs
        : listOf(outputs, '`outputs`', {
            item: each => readOutput(each, surroundings.roots),
            identity: each => each.path,
          }),
    customisation: readCustomisation(fields, configure),
  }
  return section
}

function readOverlay(node: ManifestNode): OverlayFiles {
  const { source, target, owner, group, mode, template, node: mapping } = fieldsOf(node, overlayKeys)
  return {
    source: pathInProjectOf(required(source, mapping, '`source` of an item of `files`'), '`source`'),
    target: shapedOf(required(target, mapping, '`target` of an item of `files`'), '`target`', {
      is: 'pathInImage',
      like: 'an absolute path of the image without `..`',
    }),
    owner: owner === undefined ? root : readAccount(owner, '`owner`'),
    group: group === undefined ? root : readAccount(group, '`group`'),
    mode: mode === undefined ? undefined : readMode(mode),
    content: template !== undefined && booleanOf(template, '`template`') ? 'filled' : 'copied',
    position: positionOf(node),
  }
}

const root: AccountReference = { kind: 'number', id: 0 }

function readAccount(node: ManifestNode, what: string): AccountReference {
  if (node.kind === 'scalar' && typeof node.value === 'number')
    return { kind: 'number', id: integerOf(node, what, { least: 0, most: largestId }) }
  return { kind: 'name', name: shapedOf(node, what, accountName) }
}

/** As octal text: YAML 1.2 reads 0640 as six hundred and forty. */
function readMode(node: ManifestNode): number {
  return Number.parseInt(shapedOf(node, '`mode`', { is: 'fileMode', like: 'octal digits such as "0640"' }), 8)
}

function readVariables(node: ManifestNode): ReadonlyMap<string, string> {
  const variables = shapedMapOf(node, '`variables`', { key: 'variableName', value: 'text' })
  const taken = builtInVariables.find(each => variables.has(each))
  if (taken === undefined || node.kind !== 'mapping') return variables
  throw manifestFault(node.entries.find(({ key }) => key.value === taken)?.key ?? node, {
    message: `\`variables\` cannot set ${quoted(taken)}, which every template has`,
    hint: 'Give it another name.',
  })
}
