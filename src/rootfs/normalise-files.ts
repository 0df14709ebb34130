import { byteStringOf, bytesOfByteString } from '../codec/index.ts'
import { sortedInfoDirectory } from './info-directory.ts'
import { keystoreAt } from './java-keystore.ts'
import type { Staging } from './staging.ts'

/** A file that scripts make with something of the moment or of the disk in it, and which an image cannot do without. */
interface Normalisation {
  readonly path: string
  /** @returns undefined when the bytes are not what the rule knows; then they stay */
  readonly rewrite: (bytes: Uint8Array, seconds: number) => Uint8Array | undefined
}

const normalisations: readonly Normalisation[] = [
  // ca-certificates-java: the time at which each certificate was added. Without it no Java program trusts any server.
  { path: 'etc/ssl/certs/java/cacerts', rewrite: keystoreAt },
  { path: 'usr/share/info/dir', rewrite: bytes => encodedInfo(sortedInfoDirectory(byteStringOf(bytes))) },
]

function encodedInfo(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : bytesOfByteString(text)
}

/** Writes anew, with the time of the image, the files whose bytes tell when or on which disk scripts ran. */
export function normaliseFiles(staging: Staging, sourceDateEpochSeconds: number): void {
  for (const { path, rewrite } of normalisations) {
    const text = staging.readText(path)
    if (text === undefined) continue
    const bytes = rewrite(Buffer.from(text, 'latin1'), sourceDateEpochSeconds)
    if (bytes !== undefined) staging.writeFile(path, bytes, 0o644)
  }
}
