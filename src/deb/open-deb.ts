import {
  type ArMember,
  byteStringOf,
  decompress,
  displayByteString,
  type PieceOwner,
  readAr,
  readTar,
  readTarEvents,
  type TarEvent,
  type TarMember,
} from '../codec/index.ts'
import type { Stanza } from '../debian-control-parser/index.ts'
import { type ControlMember, parseControlStanza, readControlMembers } from './control-archive.ts'
import { type DebLimits, type DebName, debMalformed, defaultDebLimits } from './deb-limits.ts'
import { type MemberFormat, memberFormat } from './member-format.ts'

export interface DebOptions extends DebName {
  readonly limits?: DebLimits
}

/** A deb whose control archive was read and whose data archive is next in the stream. */
export interface OpenDeb {
  /** The parsed `control` member; it has Package, Version and Architecture. */
  readonly control: Stanza
  /** Every member of control.tar, in its order, `control` included. */
  readonly members: ReadonlyMap<string, ControlMember>
  /**
   * What the deb installs, as stored and in the order of data.tar; can be asked for once. To the end means to the end of the
   * file: only who takes all entries knows that the deb is sound.
   *
   * @throws {Fault} `TAR_MALFORMED` (also for pax headers, which dpkg refuses), `DEB_MALFORMED`, `AR_MALFORMED`,
   *   `COMPRESSION_*`, and whatever the source throws
   */
  entries(): AsyncGenerator<TarMember>
  /**
   * The same as batches of events: less overhead for those who keep count of contents themselves. Contents may change once the next batch is
   * asked for.
   */
  entryEvents(): AsyncGenerator<readonly TarEvent[]>
  /** Releases the source of a deb whose entries are not wanted, or not to the end. */
  close(): Promise<void>
}

/**
 * Reads a deb from a stream as far as its data archive, without seeking and without holding more than control.tar.
 *
 * As deb(5) demands: `debian-binary` first, with a format 2.x; then `control.tar` (none, gz, xz, zst) and `data.tar` (none, gz,
 * xz, zst, bz2, lzma) in this order; unknown members before data.tar only where their name begins with `_`, any after it.
 *
 * @throws {Fault} `DEB_MALFORMED`, `AR_MALFORMED`, `TAR_MALFORMED`, `COMPRESSION_*`, and whatever the source throws
 */
export async function openDeb(source: AsyncIterable<Uint8Array>, options: DebOptions): Promise<OpenDeb> {
  const limits = options.limits ?? defaultDebLimits
  const archive = readAr(source, options)
  try {
    await readFormatVersion(await nextMember(archive, options, 'debian-binary'), options)
    const controlArchive = await formattedMember(archive, options, 'control.tar')
    const members = await readControlMembers(
      controlArchive.bytes(limits.maximumControlBytes, 'receiver'),
      options,
      limits,
    )
    const control = parseControlStanza(members, options)
    const dataArchive = await formattedMember(archive, options, 'data.tar')
    return {
      control,
      members,
      entries: () => countedEntries(archive, dataArchive, options, limits),
      entryEvents: () => countedEvents(archive, dataArchive, options, limits),
      close: async () => {
        await archive.return(undefined)
      },
    }
  } catch (error) {
    await archive.return(undefined)
    throw error
  }
}

export interface DebControl {
  readonly control: Stanza
  readonly members: ReadonlyMap<string, ControlMember>
}

/**
 * Only the control archive; the rest is not read, so nothing is known about it.
 *
 * @throws {Fault} as `openDeb`
 */
export async function readDebControl(source: AsyncIterable<Uint8Array>, options: DebOptions): Promise<DebControl> {
  const { control, members, close } = await openDeb(source, options)
  await close()
  return { control, members }
}

type Archive = AsyncGenerator<ArMember>

interface FormattedMember {
  readonly label: string
  bytes(maximumBytes: number, pieces: PieceOwner): AsyncIterable<Uint8Array>
}

async function* countedEntries(archive: Archive, data: FormattedMember, options: DebOptions, limits: DebLimits) {
  try {
    let count = 0
    const tar = readTar(data.bytes(limits.maximumDataBytes, 'receiver'), { name: data.label, paxHeaders: 'refuse' })
    for await (const member of tar) {
      if (++count > limits.maximumEntries) throw tooManyEntries(options, limits)
      yield member
    }
    await skipRest(archive)
  } finally {
    await archive.return(undefined)
  }
}

async function* countedEvents(archive: Archive, data: FormattedMember, options: DebOptions, limits: DebLimits) {
  try {
    let count = 0
    const tar = readTarEvents(data.bytes(limits.maximumDataBytes, 'decoder'), {
      name: data.label,
      paxHeaders: 'refuse',
    })
    for await (const events of tar) {
      for (const event of events) if (event.kind === 'entry') count++
      if (count > limits.maximumEntries) throw tooManyEntries(options, limits)
      yield events
    }
    await skipRest(archive)
  } finally {
    await archive.return(undefined)
  }
}

function tooManyEntries(options: DebOptions, { maximumEntries }: DebLimits) {
  return debMalformed(options, `it installs more than ${maximumEntries} files`)
}

/** deb(5): members after data.tar are ignored. They must be whole all the same. */
async function skipRest(archive: Archive): Promise<void> {
  for await (const _member of archive);
}

async function formattedMember(
  archive: Archive,
  options: DebOptions,
  stem: 'control.tar' | 'data.tar',
): Promise<FormattedMember> {
  for (;;) {
    const member = await nextMember(archive, options, stem)
    const format: MemberFormat | undefined = memberFormat(member.name, stem)
    if (format !== undefined) {
      const label = `${options.name}: ${member.name}`
      return {
        label,
        bytes: (maximumBytes, pieces) => decompress(format, member.body, { name: label, maximumBytes, pieces }),
      }
    }
    if (!member.name.startsWith('_'))
      throw debMalformed(options, `it has the member ${displayByteString(member.name)} where ${stem} was expected`)
  }
}

async function nextMember(archive: Archive, options: DebOptions, wanted: string): Promise<ArMember> {
  const next = await archive.next()
  if (next.done === true) throw debMalformed(options, `it has no member ${wanted}`)
  return next.value
}

/** deb(5): a first line `2.x`; a higher minor number and further lines change nothing for readers. */
async function readFormatVersion(member: ArMember, options: DebOptions): Promise<void> {
  if (member.name !== 'debian-binary')
    throw debMalformed(options, `its first member is ${displayByteString(member.name)} instead of "debian-binary"`)
  let text = ''
  for await (const piece of member.body) {
    text += byteStringOf(piece.subarray(0, 64))
    if (text.length >= 64) break
  }
  if (!/^2\.[0-9]{1,5}\n/.test(text))
    throw debMalformed(options, `its format version is ${displayByteString(text.slice(0, 16))} instead of "2.0"`)
}
