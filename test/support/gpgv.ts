import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const program = '/usr/bin/gpgv'

export const missingGpgv = existsSync(program) ? undefined : 'gpgv is not installed'

export interface SignedFile {
  /** InRelease, or Release where there is a signature beside it. */
  readonly file: Uint8Array
  readonly signature?: Uint8Array
}

/** What GnuPG says of a file that it accepts. */
export interface GpgvVerdict {
  /** Primary fingerprints of good signatures, sorted. */
  readonly fingerprints: readonly string[]
  /** Of an InRelease: what was signed. */
  readonly text: string
}

/**
 * As apt judges gpgv's answer: at least one GOODSIG with its VALIDSIG, and no BADSIG; expired and revoked keys have words of their own.
 *
 * @param scratch a folder for the files
 * @param ring binary public keys
 * @returns undefined when it refuses the file
 */
export async function askGpgv(
  { file, signature }: SignedFile,
  { scratch, ring }: { readonly scratch: string; readonly ring: Uint8Array },
): Promise<GpgvVerdict | undefined> {
  const path = (name: string) => join(scratch, name)
  await writeFile(path('ring.gpg'), ring)
  await writeFile(path('file'), file)
  if (signature !== undefined) await writeFile(path('signature'), signature)
  await rm(path('output'), { force: true })
  const files = signature === undefined ? ['--output', path('output'), path('file')] : [path('signature'), path('file')]
  const options = ['--homedir', scratch, '--keyring', path('ring.gpg'), '--status-fd', '1', ...files]
  const { stdout } = await run(program, options).catch((error: { readonly stdout?: string }) => ({
    stdout: error.stdout ?? '',
  }))
  const has = (word: string) => new RegExp(`^\\[GNUPG:\\] ${word} `, 'm').test(stdout)
  if (!has('GOODSIG') || !has('VALIDSIG') || has('BADSIG') || has('ERROR')) return undefined
  const fingerprints = [...stdout.matchAll(/VALIDSIG .* ([0-9A-F]{40})$/gm)].map(match => match[1] ?? '')
  // gpgv writes the line break before the signature, which is not signed (RFC 9580, 7.2).
  const text = signature === undefined ? (await readFile(path('output'), 'utf8')).replace(/\n$/, '') : ''
  return { fingerprints: fingerprints.sort(), text }
}
