import { type ManifestNode, positionOf } from './manifest-node.ts'
import type { OwnDebs } from './model.ts'
import { choiceOf, fieldsOf, required, shapedOf } from './read-values.ts'

export const ownDebsKeys = { of: 'an entry of `debs`', keys: ['path', 'pin'] } as const

/** An entry of `debs:`, the project's own packages. */
export function readOwnDebs(node: ManifestNode): OwnDebs {
  const { path, pin, ...fields } = fieldsOf(node, ownDebsKeys)
  return {
    path: shapedOf(required(path, fields.node, '`path` of `debs`'), '`path`', {
      is: 'debPath',
      like: 'debs/hello_1.0_amd64.deb or debs/*.deb',
    }),
    pin: pin === undefined ? 'hash' : choiceOf(pin, '`pin`', { of: ['hash', 'relations'] }),
    position: positionOf(node),
  }
}
