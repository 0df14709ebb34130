import { byteStringOf, bytesOfByteString } from '../codec/index.ts'
import { sortedInfoDirectory } from './info-directory.ts'
import { keystoreAt } from './java-keystore.ts'
import type { Staging } from './staging.ts'
import { sortedFileList, sortedTexConfiguration } from './tex-lists.ts'

/** A file that scripts make with something of the moment or of the disk in it, and which an image cannot do without. */
interface Normalisation {
  readonly path: string
  /** @returns undefined when the bytes are not what the rule knows; then they stay */
  readonly rewrite: (bytes: Uint8Array, seconds: number) => Uint8Array | undefined
}

const normalisations: readonly Normalisation[] = [
  // ca-certificates-java: the time at which each certificate was added. Without it no Java program trusts any server.
  { path: 'etc/ssl/certs/java/cacerts', rewrite: keystoreAt },
  sorting('usr/share/info/dir', sortedInfoDirectory),
  ...['ls-R', 'ls-R-TEXLIVEDIST', 'ls-R-TEXMFMAIN'].map(name => sorting(`var/lib/texmf/${name}`, sortedFileList)),
  ...['updmap.cfg', 'fmtutil.cnf'].flatMap(name =>
    ['DEBIAN', 'TEXLIVEDIST'].map(tree => sorting(`var/lib/texmf/${name}-${tree}`, sortedTexConfiguration)),
  ),
]

/** A file that lists things as the disk does, and which is read in any order. */
function sorting(path: string, sorted: (text: string) => string | undefined): Normalisation {
  const rewrite = (bytes: Uint8Array) => {
    const text = sorted(byteStringOf(bytes))
    return text === undefined ? undefined : bytesOfByteString(text)
  }
  return { path, rewrite }
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
