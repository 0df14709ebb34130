import type { ContentSource, FileContent } from './entry.ts'

/** The bytes of a file that is known to be small. */
export async function wholeContent(source: ContentSource, content: FileContent): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const bytes of source.read(content)) chunks.push(bytes)
  return Buffer.concat(chunks)
}
