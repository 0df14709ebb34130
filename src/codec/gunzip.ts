import { createGunzip } from 'node:zlib'
import { corrupt, cutOff } from './byte-decoder.ts'
import { throughZlib } from './zlib-stream.ts'

/** gzip by `node:zlib`: several members one after the other, their checksums verified. */
export function gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return throughZlib(notEmpty(source), createGunzip({ chunkSize: 65536 }))
}

/** zlib takes no input at all for a complete stream. */
async function* notEmpty(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let fed = 0
  for await (const chunk of source) {
    fed += chunk.length
    yield chunk
  }
  if (fed === 0) throw corrupt(cutOff)
}
