import { decodeUtf8, Fault, type ReleaseSigner } from '../kernel/index.ts'
import { readKeyring, verifyClearSigned, verifyDetached } from '../openpgp/index.ts'
import type { Suite } from './model.ts'
import type { RepositoryFolder } from './repository-folder.ts'
import { byHashPath, releaseText, type SuiteFile } from './suite-files.ts'

/**
 * How long indexes that a later Release replaced stay under their hash: a reader that has just read the earlier Release asks for them next,
 * and a cache between may hold that Release for hours.
 */
const keptMilliseconds = 24 * 60 * 60 * 1000

export interface SuiteEmission {
  readonly suite: Suite
  readonly indexes: readonly SuiteFile[]
  readonly signer: ReleaseSigner
  readonly folder: RepositoryFolder
  readonly now: Date
}

/**
 * Writes the indexes of a suite and, last, what signs for them. A reader that has an InRelease finds every file that it lists, under its
 * hash, whatever is published meanwhile and wherever this stops.
 *
 * @throws {Fault} `SIGNING_KEY_UNUSABLE` when readers would refuse the signature; nothing was written then
 */
export async function emitSuite({ suite, indexes, signer, folder, now }: SuiteEmission): Promise<void> {
  const place = `dists/${suite.name}`
  const text = releaseText(suite, indexes)
  const inRelease = await signer.clearSign(text, suite.date)
  const signature = await signer.signDetached(text, suite.date)
  await checkSignatures({ text, inRelease, signature, signer, at: later(suite.date, now) })

  const before = await folder.read(`${place}/Release`)
  for (const file of indexes)
    if ((await folder.create(`${place}/${byHashPath(file)}`, [file.bytes])) === 'taken')
      await folder.note(`${place}/${byHashPath(file)}`, now)
  const modifiedAt = await nextModification(`${place}/InRelease`, folder, now)
  for (const file of indexes) await folder.replace(`${place}/${file.path}`, [file.bytes], modifiedAt)
  // What goes out of use begins to age now.
  for (const path of listedByHash(before)) await folder.note(`${place}/${path}`, now)
  await folder.replace(`${place}/Release.gpg`, [signature], modifiedAt)
  await folder.replace(`${place}/Release`, [Buffer.from(text)], modifiedAt)
  await folder.replace(`${place}/InRelease`, [inRelease], modifiedAt)
  await removeAged(place, new Set(indexes.map(byHashPath)), folder, now)
}

/** Whether the suite's Release is out with these indexes, signed by this key. */
export async function isEmitted({ suite, indexes, signer, folder, now }: SuiteEmission): Promise<boolean> {
  const place = `dists/${suite.name}`
  const text = releaseText(suite, indexes)
  const inRelease = await folder.read(`${place}/InRelease`)
  if (inRelease === undefined) return false
  const halfLife = suite.validForSeconds === undefined ? Number.POSITIVE_INFINITY : suite.validForSeconds * 500
  if (now.getTime() - suite.date.getTime() > halfLife) return false
  try {
    const keyring = await readKeyring(Buffer.from(signer.publicKey), 'the signing key')
    const verified = await verifyClearSigned(inRelease, keyring, { at: later(suite.date, now), name: 'InRelease' })
    return sameText(verified.text, text)
  } catch (error) {
    // Signed by another key, or cut short: it is written anew.
    if (error instanceof Fault) return false
    throw error
  }
}

interface Signatures {
  readonly text: string
  readonly inRelease: Uint8Array
  readonly signature: Uint8Array
  readonly signer: ReleaseSigner
  readonly at: Date
}

/** A signature that no reader accepts (an expired key, a program that signed something else) must not replace one that they do. */
async function checkSignatures({ text, inRelease, signature, signer, at }: Signatures): Promise<void> {
  try {
    const keyring = await readKeyring(Buffer.from(signer.publicKey), 'the signing key')
    const verified = await verifyClearSigned(inRelease, keyring, { at, name: 'the new InRelease' })
    if (!sameText(verified.text, text)) throw new Error('it covers another text')
    await verifyDetached(Buffer.from(text), signature, keyring, { at, name: 'the new Release' })
  } catch (cause) {
    throw new Fault('SIGNING_KEY_UNUSABLE', {
      message: `readers would refuse what the key ${signer.fingerprint} signs: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'Renew the key or take another one; nothing was published.',
      context: { fingerprint: signer.fingerprint },
      cause,
    })
  }
}

/**
 * HTTP knows whole seconds: of two publications in one second, a reader that has the first would be told that nothing was modified, and
 * would go on being told so.
 */
async function nextModification(path: string, folder: RepositoryFolder, now: Date): Promise<Date> {
  const before = await folder.notedAt(path)
  return before === undefined ? now : later(now, new Date((Math.floor(before / 1000) + 1) * 1000))
}

/** A clear-signed text loses the newline at its end. */
function sameText(left: string, right: string): boolean {
  return left.trimEnd() === right.trimEnd()
}

function later(left: Date, right: Date): Date {
  return left > right ? left : right
}

function listedByHash(release: Uint8Array | undefined): readonly string[] {
  const text = release === undefined ? '' : (decodeUtf8(release) ?? '')
  return [...text.matchAll(/^ ([0-9a-f]{64}) +\d+ ([a-zA-Z0-9][a-zA-Z0-9.+/-]*)$/gm)].map(
    ([, sha256 = '', path = '']) => byHashPath({ sha256, path }),
  )
}

async function removeAged(
  place: string,
  current: ReadonlySet<string>,
  folder: RepositoryFolder,
  now: Date,
): Promise<void> {
  for (const path of await folder.listAll(place)) {
    const below = path.slice(place.length + 1)
    // What is half written lies there only if its writer was killed.
    const isLeft = below.includes('by-hash/') || below.includes('.aptroot-')
    if (!isLeft || current.has(below)) continue
    const notedAt = await folder.notedAt(path)
    if (notedAt !== undefined && now.getTime() - notedAt > keptMilliseconds) await folder.remove(path)
  }
}
