import { quoted } from '../kernel/index.ts'
import { type OutputTarget, outputUnwritable } from './output-fault.ts'

/** ext4 and erofs store the prefix of an attribute's name as a number, and both use the same ones. */
const indexByPrefix: Readonly<Record<string, number>> = { 'user.': 1, 'trusted.': 4, 'security.': 6 }

export interface NumberedAttribute {
  readonly prefixIndex: number
  /** The name without its prefix; a byte string. */
  readonly suffix: string
  readonly value: Uint8Array
}

/**
 * @returns sorted as the kernel wants them: by prefix, length of the rest, and the rest
 * @throws {Fault} `OUTPUT_UNWRITABLE` for a name of another kind, such as an access control list, which these formats store otherwise
 */
export function numberedAttributes(
  attributes: ReadonlyMap<string, Uint8Array> | undefined,
  target: OutputTarget,
): readonly NumberedAttribute[] {
  return [...(attributes ?? [])]
    .map(([name, value]) => {
      const prefix = name.slice(0, name.indexOf('.') + 1)
      const prefixIndex = indexByPrefix[prefix]
      if (prefixIndex === undefined || name.length - prefix.length > 255 || value.length > 2048)
        throw outputUnwritable(
          target,
          `the format cannot hold the extended attribute ${quoted(name)}`,
          'Write a tar, which keeps everything.',
        )
      return { prefixIndex, suffix: name.slice(prefix.length), value }
    })
    .sort(
      (left, right) =>
        left.prefixIndex - right.prefixIndex ||
        left.suffix.length - right.suffix.length ||
        (left.suffix < right.suffix ? -1 : 1),
    )
}
