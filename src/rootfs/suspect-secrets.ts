import { type ContentSource, type FileContent, type TreeEntry, wholeContent } from '../tree/index.ts'

/** Keys and seeds are small; what is large and dense is compressed. */
const largestBytes = 16 * 1024
/** A seed of 128 bits. */
const smallestBytes = 16

/** Raise it with every change of what is suspected: verdicts are remembered. */
export const suspicionVersion = 2

/** What dpkg keeps is full of checksums. */
const folderOfDpkg = 'var/lib/dpkg/'

export interface Suspect {
  readonly path: string
  readonly because: string
}

/**
 * Files that scripts made and that look like a secret or an identity of one machine, although no rule of the seal names them: an image must
 * not ship them, because all its machines would have the same.
 *
 * @param isOfPackage whether a package brings these bytes: then everybody has them
 */
export async function suspectSecrets(
  tree: ReadonlyMap<string, TreeEntry>,
  content: ContentSource,
  isOfPackage: (content: FileContent) => boolean,
): Promise<readonly Suspect[]> {
  const suspects: Suspect[] = []
  for (const [path, entry] of tree) {
    if (entry.kind !== 'file' || path.startsWith(folderOfDpkg)) continue
    const { sizeBytes } = entry.content
    if (sizeBytes < smallestBytes || sizeBytes > largestBytes || isOfPackage(entry.content)) continue
    const because = secretIn(await wholeContent(content, entry.content))
    if (because !== undefined) suspects.push({ path, because })
  }
  return suspects
}

/** What in some bytes looks like a secret; undefined when nothing does. */
export function secretIn(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('latin1')
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) return 'a private key'
  if (/[^\t\n\r\x20-\x7e]/.test(text)) {
    if (sshKeyBlob.test(text)) return 'a private key'
    return entropyPart(bytes) > denseFromPart ? 'random bytes' : undefined
  }
  for (const line of text.split('\n')) {
    if (checksumLine.test(line)) continue
    if (/^\s*[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\s*$/i.test(line)) return 'an id of one machine'
    for (const [word] of line.matchAll(/[A-Za-z0-9+/=_-]{22,}/g)) {
      if (/^(?:[0-9a-f]{32,}|[0-9A-F]{32,})$/.test(word)) return 'a random number in hexadecimal digits'
      if (looksLikeBase64(word)) return 'a random number in base 64'
    }
  }
  return undefined
}

/** As RFC 4253, section 6.6, writes keys: the length of the name, and the name. Public keys lie in files as text; dropbear's host keys do so. */
const sshKeyBlob = /^\0\0\0[\x07-\x20](?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp)/

/** `md5sum` and its kin: the sum, then the name. */
const checksumLine = /^[0-9a-f]{32,128}[ \t]+\*?\S/

/**
 * Between letters of one case and digits, chance changes the kind at three of five places (22 characters: 13 times, give or take 2). Paths and
 * names of people and programs change at word borders only.
 */
function looksLikeBase64(word: string): boolean {
  const kinds = [...word].map(classOf)
  const changes = kinds.filter((kind, at) => {
    const before = kinds[at - 1]
    return before !== undefined && before !== kind && before !== 'other' && kind !== 'other'
  }).length
  return new Set(kinds.filter(kind => kind !== 'other')).size === 3 && changes > word.length * 0.35
}

function classOf(character: string): 'lower' | 'upper' | 'digit' | 'other' {
  if (/[a-z]/.test(character)) return 'lower'
  if (/[A-Z]/.test(character)) return 'upper'
  return /[0-9]/.test(character) ? 'digit' : 'other'
}

/** Byte code and tables stay below 0.85 of what chance would give; 64 random bytes are above 0.95. */
const denseFromPart = 0.93

/** Shannon's entropy of the bytes as a part of the most that so many can have. */
function entropyPart(bytes: Uint8Array): number {
  const counts = new Uint32Array(256)
  // Sums of fractions depend on their order: that in which the bytes come.
  const found: number[] = []
  for (const byte of bytes) {
    if (counts[byte] === 0) found.push(byte)
    counts[byte] = (counts[byte] ?? 0) + 1
  }
  let bits = 0
  for (const byte of found) {
    const part = (counts[byte] ?? 0) / bytes.length
    bits -= part * Math.log2(part)
  }
  return bits / Math.min(8, Math.log2(bytes.length))
}
