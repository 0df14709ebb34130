import { readSingleStanza } from '../debian-control-parser/index.ts'
import { Fault, isSha256, quoted } from '../kernel/index.ts'
import { type DebKey, keyOfDeb, type PublishedDeb } from './model.ts'
import type { RepositoryFolder } from './repository-folder.ts'

/** One file per deb that was ever published: never changed, never removed. */
const recordsFolder = 'aptroot/debs'

/**
 * Binds name, version and architecture of a deb to its bytes. The first to publish them decides, for as long as the repository lives,
 * also after the deb was removed: machines that have it must never meet another one of that version.
 *
 * @returns the deb as it is bound, at the path that was decided first
 * @throws {Fault} `REPOSITORY_REBINDING`
 */
export async function bindDeb(deb: PublishedDeb, folder: RepositoryFolder): Promise<PublishedDeb> {
  // Looked at first: what was bound long ago is not written for nothing.
  const before = await readRecord(keyOfDeb(deb), folder)
  if (before !== undefined) return sameBytes(deb, before, folder)
  if ((await folder.create(recordPath(keyOfDeb(deb)), [deb.stanza])) === 'created') return deb
  return sameBytes(deb, await requireRecord(keyOfDeb(deb), folder), folder)
}

/** @throws {Fault} `REPOSITORY_REBINDING` where `bindDeb` would; nothing is written */
export async function checkBinding(deb: PublishedDeb, folder: RepositoryFolder): Promise<'free' | 'bound'> {
  const before = await readRecord(keyOfDeb(deb), folder)
  if (before === undefined) return 'free'
  await sameBytes(deb, before, folder)
  return 'bound'
}

/** @throws {Fault} `REPOSITORY_CORRUPT` also where there is none */
export async function requireRecord(key: DebKey, folder: RepositoryFolder): Promise<PublishedDeb> {
  const found = await readRecord(key, folder)
  if (found === undefined) throw corrupt(key, folder, 'it is missing')
  return found
}

/** @throws {Fault} `REPOSITORY_CORRUPT` */
export async function readRecord(key: DebKey, folder: RepositoryFolder): Promise<PublishedDeb | undefined> {
  const stanza = await folder.read(recordPath(key))
  return stanza === undefined ? undefined : parseRecord(key, stanza, folder)
}

function recordPath(key: DebKey): string {
  return `${recordsFolder}/${key}`
}

function parseRecord(key: DebKey, stanza: Uint8Array, folder: RepositoryFolder): PublishedDeb {
  const fields = (() => {
    try {
      return readSingleStanza(stanza)
    } catch (cause) {
      throw corrupt(key, folder, 'it is no stanza', cause)
    }
  })()
  const field = (name: string) => fields.field(name) ?? ''
  const deb: PublishedDeb = {
    name: field('Package'),
    version: field('Version'),
    architecture: field('Architecture'),
    sha256: field('SHA256'),
    sizeBytes: Number(field('Size')),
    path: field('Filename'),
    stanza,
  }
  if (keyOfDeb(deb) !== key) throw corrupt(key, folder, `it describes ${quoted(keyOfDeb(deb))}`)
  if (!isSha256(deb.sha256) || !Number.isSafeInteger(deb.sizeBytes)) throw corrupt(key, folder, 'it was cut short')
  return deb
}

async function sameBytes(deb: PublishedDeb, bound: PublishedDeb, folder: RepositoryFolder): Promise<PublishedDeb> {
  if (bound.sha256 === deb.sha256) return bound
  const next = await nextFreeVersion(deb, folder)
  throw new Fault('REPOSITORY_REBINDING', {
    message: `${deb.name} ${deb.version} (${deb.architecture}) is published with sha256 ${bound.sha256}, and this one has ${deb.sha256}`,
    hint: `Machines may have the other one: build it with another version, for example ${next}, which is free.`,
    context: { ...identityOf(deb), published: bound.sha256, offered: deb.sha256, nextFreeVersion: next },
  })
}

function identityOf({ name, version, architecture }: PublishedDeb) {
  return { name, version, architecture }
}

/** The version with the smallest `+rN` that nobody has used: greater than the one that is taken, smaller than its successors. */
async function nextFreeVersion(deb: PublishedDeb, folder: RepositoryFolder): Promise<string> {
  const base = deb.version.replace(/\+r\d+$/, '')
  const prefix = `${deb.name}_${base}+r`
  const taken = (await folder.list(recordsFolder)).flatMap(key =>
    key.startsWith(prefix) ? [Number.parseInt(key.slice(prefix.length), 10)] : [],
  )
  return `${base}+r${Math.max(0, ...taken.filter(Number.isSafeInteger)) + 1}`
}

export function corrupt(what: string, folder: RepositoryFolder, problem: string, cause?: unknown): Fault {
  return new Fault('REPOSITORY_CORRUPT', {
    message: `the record of ${what} in ${folder.name}/aptroot cannot be used: ${problem}`,
    hint: 'Restore the folder `aptroot` of the repository from a backup; nothing was published.',
    context: { repository: folder.name, what, problem },
    cause,
  })
}
