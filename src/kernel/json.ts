import { concatBytes, decodeUtf8 } from './bytes.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a text of somebody else says; undefined where it is no JSON. */
export function parsedJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * What the body of an answer says; undefined where it is no JSON.
 *
 * @param tooLong makes what is thrown once there are more bytes than the most
 */
export async function readJsonBody(
  body: AsyncIterable<Uint8Array>,
  { maximumBytes, tooLong }: { readonly maximumBytes: number; readonly tooLong: () => Error },
): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maximumBytes) throw tooLong()
    chunks.push(chunk)
  }
  return parsedJson(decodeUtf8(concatBytes(chunks)))
}
