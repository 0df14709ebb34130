import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Fault, type ReleaseSigner, type Session } from '../kernel/index.ts'
import { readSigningKey } from '../openpgp/index.ts'
import { Repository, RepositoryFolder, type XzCompressor } from '../repository/index.ts'
import type { World } from './world.ts'

/** A repository as the user named it. */
export interface RepositoryPlace {
  /** Absolute. */
  readonly path: string
  readonly name: string
}

/** The repository in a folder, which may be empty or absent: the first publication makes it. */
export async function openRepository(place: RepositoryPlace, session: Session, world: World): Promise<Repository> {
  return new Repository({
    folder: new RepositoryFolder(place.path, place.name),
    clock: world.clock,
    compressXz: await xzOf(session, world),
  })
}

/** For those who ask: a folder without a repository is a mistake there. @throws {Fault} `USAGE_INVALID` */
export async function openExistingRepository(
  place: RepositoryPlace,
  session: Session,
  world: World,
): Promise<Repository> {
  const facts = await stat(resolve(place.path, 'aptroot/suites')).catch(() => undefined)
  if (facts?.isDirectory() !== true)
    throw new Fault('USAGE_INVALID', {
      message: `there is no repository of aptroot in ${place.name}`,
      hint: 'Name its folder with `--repository DIR`; `aptroot repo publish` makes one.',
      context: { repository: place.name },
    })
  return openRepository(place, session, world)
}

/**
 * Who signs: `gpg:FINGERPRINT`, or the file of a secret key, whose passphrase is in APTROOT_SIGNING_PASSPHRASE. Without a word, what
 * APTROOT_SIGNING_KEY says.
 *
 * @throws {Fault} `USAGE_INVALID` when nothing says who signs, `SIGNING_KEY_UNUSABLE`
 */
export async function openSigner(chosen: string | undefined, session: Session, world: World): Promise<ReleaseSigner> {
  const key = chosen ?? world.environment.APTROOT_SIGNING_KEY
  if (key === undefined || key === '')
    throw new Fault('USAGE_INVALID', {
      message: 'no key is given, and apt refuses a repository that nobody signed',
      hint: 'Give `--sign-with FILE` or `--sign-with gpg:FINGERPRINT`, or set APTROOT_SIGNING_KEY.',
    })
  if (key.startsWith('gpg:')) {
    const { openGpgSigner } = await import('./gpg-signer.ts')
    return openGpgSigner(key.slice('gpg:'.length), session, world)
  }
  const bytes = await readFile(resolve(world.workingFolder, key)).catch((cause: unknown) => {
    throw new Fault('SIGNING_KEY_UNUSABLE', {
      message: `${key} cannot sign: it cannot be read`,
      hint: 'Give the file of a secret key, or gpg:FINGERPRINT.',
      context: { key },
      cause,
    })
  })
  const passphrase = world.environment.APTROOT_SIGNING_PASSPHRASE
  return readSigningKey(bytes, { name: key, passphrase, at: world.clock.now() })
}

/** Indexes are offered as xz too where this host has xz: gzip is enough for every reader. */
async function xzOf(session: Session, world: World): Promise<XzCompressor | undefined> {
  const program = await world.processRunner.find('xz')
  if (program === undefined) return undefined
  return async bytes => {
    const result = await world.processRunner.run({
      program,
      // One thread: the blocks of several would depend on the number of cores.
      arguments: ['--compress', '--stdout', '--threads=1', '-6'],
      environment: {},
      workingFolder: world.workingFolder,
      input: bytes,
      signal: session.signal,
    })
    if (result.exitStatus === 0) return result.output
    throw new Fault('PROGRAM_FAILED', {
      message: `xz ended with status ${result.exitStatus}`,
      hint: 'Take xz out of PATH to publish without it: indexes are gzip then.',
      context: { program: 'xz', exitStatus: result.exitStatus },
    })
  }
}
