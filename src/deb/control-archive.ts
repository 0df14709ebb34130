import { displayByteString, readTar } from '../codec/index.ts'
import { ControlSyntaxError, readSingleStanza, type Stanza } from '../debian-control-parser/index.ts'
import { concatBytes } from '../kernel/index.ts'
import { type DebLimits, type DebName, debMalformed } from './deb-limits.ts'

/** A file of control.tar: dpkg copies it to `info/PACKAGE.NAME` with its mode and time. */
export interface ControlMember {
  /** `control`, `postinst`, `conffiles`, `md5sums`, `triggers`, `templates` … */
  readonly name: string
  readonly bytes: Uint8Array
  /** Permission bits. */
  readonly mode: number
  readonly modifiedSeconds: number
}

/**
 * The members become parts of file names in dpkg's database, so only plain files with plain names are taken, each once; an entry
 * for the folder itself is allowed (deb(5)).
 *
 * @throws {Fault} `DEB_MALFORMED`, and as `readTar`
 */
export async function readControlMembers(
  bytes: AsyncIterable<Uint8Array>,
  deb: DebName,
  limits: DebLimits,
): Promise<ReadonlyMap<string, ControlMember>> {
  const members = new Map<string, ControlMember>()
  // dpkg-deb has tar(1) unpack this archive, so pax headers are fine here, unlike in data.tar.
  for await (const { entry, body } of readTar(bytes, { name: `${deb.name}: control.tar`, paxHeaders: 'read' })) {
    if (entry.kind === 'directory' && /^\.?\/?$/.test(entry.path)) continue
    const name = entry.path.replace(/^\.\//, '')
    if (entry.kind !== 'file' || !/^[A-Za-z0-9][A-Za-z0-9+._-]{0,63}$/.test(name))
      throw debMalformed(deb, `control.tar has the ${entry.kind} ${displayByteString(entry.path)}`)
    if (members.has(name)) throw debMalformed(deb, `control.tar has two members ${displayByteString(name)}`)
    if (members.size >= limits.maximumControlMembers)
      throw debMalformed(deb, `control.tar has more than ${limits.maximumControlMembers} members`)
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(piece)
    // A copy, so that a small script does not hold the whole chunk it came in.
    members.set(name, { name, bytes: concatBytes(pieces), mode: entry.mode, modifiedSeconds: entry.modifiedSeconds })
  }
  return members
}

/** @throws {Fault} `DEB_MALFORMED` no control member, a malformed one, or one that does not say what it is about */
export function parseControlStanza(members: ReadonlyMap<string, ControlMember>, deb: DebName): Stanza {
  const control = members.get('control')
  if (control === undefined) throw debMalformed(deb, 'control.tar has no member control')
  const stanza = readStanza(control.bytes, deb)
  for (const field of ['Package', 'Version', 'Architecture'])
    if ((stanza.field(field) ?? '') === '') throw debMalformed(deb, `its control member has no ${field}`)
  return stanza
}

function readStanza(bytes: Uint8Array, deb: DebName): Stanza {
  try {
    return readSingleStanza(bytes)
  } catch (error) {
    if (!(error instanceof ControlSyntaxError)) throw error
    throw debMalformed(deb, `its control member is malformed: ${error.message}`, error)
  }
}
