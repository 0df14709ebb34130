import { noCustomisation } from './customisation.ts'
import { type ManifestNode, positionOf } from './manifest-node.ts'
import type { ImageSection, OverlayFiles } from './model.ts'
import { customisationKeys, readCustomisation } from './read-customisation.ts'
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
  shapedOf,
} from './read-values.ts'

export const imageKeys = {
  of: '`image`',
  keys: ['configure', 'exclude-paths', 'merged-usr', 'files', 'source-date-epoch', 'outputs', ...customisationKeys],
} as const

export const overlayKeys = { of: 'an item of `files`', keys: ['source', 'target'] } as const

/** The latest second that eleven octal digits of a tar header hold: in the year 2242. */
export const latestSecond = 0o77777777777

/** What holds where the manifest has no `image:`. `mergedUsr` comes from the distribution. */
export function defaultImage(mergedUsr: boolean | undefined): ImageSection {
  return {
    configure: 'scripts',
    excludePaths: [],
    mergedUsr,
    files: [],
    sourceDateEpochSeconds: undefined,
    outputs: [],
    customisation: noCustomisation,
  }
}

export function readImage(node: ManifestNode, surroundings: { mergedUsr: boolean | undefined; roots: number }) {
  const fields = fieldsOf(node, imageKeys)
  const { files, outputs } = fields
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
  const { source, target, node: mapping } = fieldsOf(node, overlayKeys)
  return {
    source: pathInProjectOf(required(source, mapping, '`source` of an item of `files`'), '`source`'),
    target: shapedOf(required(target, mapping, '`target` of an item of `files`'), '`target`', {
      is: 'pathInImage',
      like: 'an absolute path of the image without `..`',
    }),
    position: positionOf(node),
  }
}
