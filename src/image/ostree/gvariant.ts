/**
 * Values of GLib's GVariant in its serialised form, as far as ostree's objects need them. A value knows its alignment, and whether
 * its type has one size for all values: containers are framed by that.
 *
 * @see https://docs.gtk.org/glib/gvariant-specification-1.0.html
 */
export interface Variant {
  readonly bytes: Uint8Array
  readonly alignment: 1 | 4 | 8
  readonly size: 'fixed' | 'variable'
  /** Type string, such as `(say)`. */
  readonly type: string
}

/** `u`, in big-endian order as ostree wants all its numbers. */
export function bigEndian32(value: number): Variant {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return { bytes, alignment: 4, size: 'fixed', type: 'u' }
}

/** `t`, in big-endian order. */
export function bigEndian64(value: number): Variant {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return { bytes, alignment: 8, size: 'fixed', type: 't' }
}

/** `s`: the bytes of a text and a NUL. */
export function string(bytes: Uint8Array): Variant {
  return { bytes: Buffer.concat([bytes, Buffer.alloc(1)]), alignment: 1, size: 'variable', type: 's' }
}

/** `ay` */
export function byteArray(bytes: Uint8Array): Variant {
  return { bytes, alignment: 1, size: 'variable', type: 'ay' }
}

/** `v`: a value that carries its type, aligned as the strictest. */
export function boxed(value: Variant): Variant {
  const bytes = Buffer.concat([value.bytes, Buffer.alloc(1), Buffer.from(value.type, 'latin1')])
  return { bytes, alignment: 8, size: 'variable', type: 'v' }
}

/** Members one after the other; behind them, last first, the ends of those that have no fixed size, but not of the last one. */
export function tuple(members: readonly Variant[], brackets: '()' | '{}' = '()'): Variant {
  const { body, ends } = packed(members)
  const framed = members.flatMap(({ size }, at) =>
    size === 'variable' && at < members.length - 1 ? (ends[at] ?? 0) : [],
  )
  const type = `${brackets[0]}${members.map(each => each.type).join('')}${brackets[1]}`
  return { bytes: withOffsets(body, framed.reverse()), alignment: strictest(members), size: 'variable', type }
}

/** An array of values that have no fixed size; behind them the end of each. */
export function array(elements: readonly Variant[], of: { readonly type: string; readonly alignment: 1 | 8 }): Variant {
  const { body, ends } = packed(elements)
  return { bytes: withOffsets(body, ends), alignment: of.alignment, size: 'variable', type: `a${of.type}` }
}

function packed(values: readonly Variant[]): { readonly body: Uint8Array; readonly ends: readonly number[] } {
  const pieces: Uint8Array[] = []
  const ends: number[] = []
  let length = 0
  for (const { bytes, alignment } of values) {
    const padding = (alignment - (length % alignment)) % alignment
    pieces.push(Buffer.alloc(padding), bytes)
    length += padding + bytes.length
    ends.push(length)
  }
  return { body: Buffer.concat(pieces), ends }
}

/** Offsets have the least size with which the whole container can be addressed. */
function withOffsets(body: Uint8Array, offsets: readonly number[]): Uint8Array {
  if (offsets.length === 0) return body
  const fits = (width: number) => body.length + offsets.length * width <= 2 ** (8 * width) - 1
  const width = [1, 2, 4].find(fits) ?? 4
  const framing = Buffer.alloc(offsets.length * width)
  for (const [at, offset] of offsets.entries()) framing.writeUIntLE(offset, at * width, width)
  return Buffer.concat([body, framing])
}

function strictest(values: readonly Variant[]): 1 | 4 | 8 {
  return values.some(each => each.alignment === 8) ? 8 : values.some(each => each.alignment === 4) ? 4 : 1
}
