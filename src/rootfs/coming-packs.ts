import { readDebControl } from '../deb/index.ts'
import type { UnpackedDeb } from '../dpkg/index.ts'
import { Fault, type Session } from '../kernel/index.ts'
import type { Store } from '../store/index.ts'
import {
  checkIdentity,
  controlPartOf,
  type DebIdentity,
  objectOf,
  type Pack,
  readPack,
  unpackDeb,
} from './unpack-deb.ts'
import type { UnpackWorkers } from './unpack-workers.ts'

/** Threads that take debs apart while this one goes on. */
export type Unpacking = Pick<UnpackWorkers, 'has' | 'unpacked' | 'prefer' | 'leaveOneProcessor'>

/**
 * The packs of a root, of which some are still being made: their control archives are known, from which the order of all work follows. Asking
 * such a pack for more is a bug, and a fault.
 */
export interface ComingPacks {
  /** In the order of the debs. */
  readonly packs: readonly Pack[]
  /** What is needed first. */
  prefer(packs: readonly Pack[]): void
  /** Waits until these are whole. @throws {Fault} as `unpackDeb` */
  bring(packs: readonly Pack[]): Promise<void>
}

/** Where nothing is awaited. */
export function wholePacks(packs: readonly Pack[]): ComingPacks {
  return { packs, prefer: () => undefined, bring: async () => undefined }
}

/**
 * Decompression has one processor for itself; what overlaps is waiting for the disk. 116 debs took 8.6 s two at once, 6.7 s three at
 * once and 10.4 s one by one on a busy machine with 2 cores (4.6 s of them computing).
 */
const unpackedAtOnce = 4

/** Reads the packs that are there, and makes those that nobody is making. After a fault nothing new is begun, and what was begun has ended. */
export async function openPacks(
  request: { readonly debs: readonly DebIdentity[]; readonly store: Store; readonly unpacking?: Unpacking },
  session: Session,
): Promise<ComingPacks> {
  const { debs, store, unpacking } = request
  const packs = new Map<DebIdentity, Pack>()
  const unfinished = new Map<Pack, UnfinishedPack>()
  const open = async (deb: DebIdentity): Promise<Pack> => {
    if (unpacking?.has(deb) !== true) return await unpackDeb(deb, store, session)
    const begun = await beginPack(deb, store)
    if (begun.state === 'unfinished') unfinished.set(begun.pack, begun)
    return begun.pack
  }
  const pending = [...debs].reverse()
  const work = async () => {
    for (let deb = pending.pop(); deb !== undefined; deb = pending.pop()) {
      try {
        session.signal.throwIfAborted()
        packs.set(deb, await open(deb))
      } catch (error) {
        pending.length = 0
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: unpackedAtOnce }, work))
  for (const each of ended) if (each.status === 'rejected') throw each.reason
  return {
    packs: debs.flatMap(deb => packs.get(deb) ?? []),
    prefer: wanted => unpacking?.prefer(wanted.map(({ locked }) => locked)),
    bring: async wanted => {
      for (const pack of wanted) {
        const begun = unfinished.get(pack)
        if (begun === undefined) continue
        await unpacking?.unpacked(pack.locked)
        await begun.finish()
        unfinished.delete(pack)
      }
      // Scripts come next, one after the other.
      unpacking?.leaveOneProcessor()
    },
  }
}

interface UnfinishedPack {
  readonly state: 'unfinished'
  readonly pack: Pack
  /** Once it is in the store. @throws {Fault} `STORE_CORRUPT` */
  finish(): Promise<void>
}

/** Most control archives have less than this. */
const controlBytes = 16 * 1024

async function beginPack(
  deb: DebIdentity,
  store: Store,
): Promise<UnfinishedPack | { readonly state: 'whole'; readonly pack: Pack }> {
  const manifest = await readPack(deb, store)
  const named = { locked: deb, name: deb.name, object: objectOf(deb) }
  if (manifest !== undefined) {
    checkIdentity(deb, manifest.deb)
    return { state: 'whole', pack: { ...named, ...manifest } }
  }
  const debName = `${deb.name}_${deb.version}_${deb.architecture}.deb`
  const part = controlPartOf(await readDebControl(store.stream(deb, controlBytes), { name: debName }), debName)
  checkIdentity(deb, part)
  let rest: RestOfPack | undefined
  const whole = (): RestOfPack => {
    if (rest === undefined) throw new Fault('INTERNAL', { message: `${debName} is not unpacked yet` })
    return rest
  }
  const pack: Pack = {
    ...named,
    deb: {
      ...part,
      get entries() {
        return whole().entries
      },
      get md5BySha256() {
        return whole().md5BySha256
      },
    },
    get places() {
      return whole().places
    },
  }
  const finish = async () => {
    const made = await readPack(deb, store)
    // The control archive was read before the deb's last byte, and so before its digest was compared.
    if (made !== undefined && sameControl(made.deb, part)) {
      rest = { entries: made.deb.entries, md5BySha256: made.deb.md5BySha256, places: made.places }
      return
    }
    throw new Fault('STORE_CORRUPT', {
      message: `${debName} in the store changed while it was unpacked`,
      hint: 'Run the command again; when it happens twice, check this disk and its memory.',
      context: { package: deb.name, sha256: deb.sha256 },
    })
  }
  return { state: 'unfinished', pack, finish }
}

type RestOfPack = Pick<Pack, 'places'> & Pick<UnpackedDeb, 'entries' | 'md5BySha256'>
type ControlPart = Pick<UnpackedDeb, 'control' | 'controlFiles'>

function sameControl(left: ControlPart, right: ControlPart): boolean {
  const same = (one: Uint8Array | undefined, other: Uint8Array) => one !== undefined && Buffer.compare(one, other) === 0
  return (
    same(left.control, right.control) &&
    left.controlFiles.length === right.controlFiles.length &&
    right.controlFiles.every(({ name, mode, modifiedSeconds, bytes }, at) => {
      const other = left.controlFiles[at]
      const isSame = other?.name === name && other.mode === mode && other.modifiedSeconds === modifiedSeconds
      return isSame && same(other.bytes, bytes)
    })
  )
}
