import { type Connection, closedError } from './connection.ts'
import { type BodyFraming, malformed } from './response-head.ts'

/** Sizes of chunks with their extensions, and trailers. */
const longestLineBytes = 8 * 1024
const maximumTrailers = 64

/**
 * The bytes of a body; each piece is valid until the next one is asked for. What follows the body stays in the connection.
 *
 * @param take the next bytes of the connection, within the time that a server may be silent
 * @throws {Error} `ECONNRESET` when the connection ends first, `ERR_HTTP_MALFORMED`
 */
export async function* bodyPieces(
  framing: BodyFraming,
  connection: Connection,
  take: () => Promise<Uint8Array | undefined>,
): AsyncGenerator<Uint8Array> {
  switch (framing.kind) {
    case 'none':
      return
    case 'length':
      return yield* exactly(framing.bytes, connection, take)
    case 'until-close':
      for (let piece = await take(); piece !== undefined; piece = await take()) yield piece
      return
    case 'chunks':
  }
  for (;;) {
    const bytes = chunkBytes(await lineOf(connection, take))
    if (bytes === 0) break
    yield* exactly(bytes, connection, take)
    if ((await lineOf(connection, take)) !== '') throw malformed('chunk')
  }
  for (let trailers = 0; (await lineOf(connection, take)) !== ''; trailers++)
    if (trailers === maximumTrailers) throw malformed('trailers')
}

async function* exactly(
  bytes: number,
  connection: Connection,
  take: () => Promise<Uint8Array | undefined>,
): AsyncGenerator<Uint8Array> {
  for (let left = bytes; left > 0; ) {
    const piece = await take()
    if (piece === undefined) throw closedError()
    connection.putBack(piece.subarray(left))
    const wanted = piece.subarray(0, left)
    left -= wanted.length
    yield wanted
  }
}

/** A chunk's size, whatever its extensions say (RFC 9112 section 7.1). */
function chunkBytes(line: string): number {
  const digits = /^([0-9a-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i.exec(line)?.[1]
  if (digits === undefined) throw malformed('chunk')
  return Number.parseInt(digits, 16)
}

/** Without its CR LF. */
async function lineOf(connection: Connection, take: () => Promise<Uint8Array | undefined>): Promise<string> {
  let line = ''
  for (;;) {
    const piece = await take()
    if (piece === undefined) throw closedError()
    const end = piece.indexOf(0x0a)
    line += Buffer.from(piece.buffer, piece.byteOffset, end === -1 ? piece.length : end + 1).toString('latin1')
    if (line.length > longestLineBytes) throw malformed('line')
    if (end === -1) continue
    connection.putBack(piece.subarray(end + 1))
    if (!line.endsWith('\r\n')) throw malformed('line')
    return line.slice(0, -2)
  }
}
