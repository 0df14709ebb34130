import { mkdirSync } from 'node:fs'
import {
  emptyRoot,
  type MergedUsr,
  type PackageFacts,
  RootMerge,
  type RootState,
  readRedirections,
  type UnpackedDeb,
  type Wave,
} from '../dpkg/index.ts'
import type { Session } from '../kernel/index.ts'
import type { FileThread, Store } from '../store/index.ts'
import { folderOf, sortedPaths, type TreeEntry } from '../tree/index.ts'
import type { ComingPacks } from './coming-packs.ts'
import type { ConfigureInputs } from './configure-inputs.ts'
import type { ContentPack } from './pack-file.ts'
import { RootContent } from './root-content.ts'
import type { StoredRoot } from './root-record.ts'
import { placeholderPaths } from './secrets.ts'
import { Staging } from './staging.ts'
import type { StandIn } from './stand-ins.ts'
import type { Pack } from './unpack-deb.ts'

export interface GrowingRootRequest extends ConfigureInputs {
  readonly packs: readonly Pack[]
  /** Of the same packs. */
  readonly coming: Pick<ComingPacks, 'prefer' | 'bring'>
  readonly mergedUsr: MergedUsr
  readonly store: Store
  /** See `Staging`. */
  readonly fileThread?: FileThread | undefined
}

/** The files of a root that dpkg's rules depend on, as they were when a wave was unpacked: byte strings, JSON. */
export interface UnpackedInto {
  readonly diversions?: string
  readonly statOverride?: string
  readonly passwd?: string
  readonly group?: string
  readonly status?: string
  readonly pendingTriggers?: string
}

interface Beside {
  readonly session: Session
  readonly meanwhile?: () => Promise<void>
}

/** A root while its packages are unpacked and configured: dpkg's rules in memory, and the folder that scripts see. */
export class GrowingRoot {
  readonly staging: Staging
  readonly merge: RootMerge
  /** What each wave so far was unpacked into. */
  readonly states: UnpackedInto[] = []
  readonly #request: GrowingRootRequest
  readonly #packs: ReadonlyMap<UnpackedDeb, Pack>
  readonly #unpacked: Pack[] = []
  readonly #paths = new Set<string>()
  readonly #generated = new Map<string, Uint8Array>()
  readonly #blobs = new Set<string>()
  readonly #content: RootContent
  readonly #laid = new Map<string, TreeEntry>()
  #standIns: readonly StandIn[] = []

  /** @param folder does not exist yet; its parent is closed to others */
  constructor(request: GrowingRootRequest, folder: string) {
    this.#request = request
    this.#packs = new Map(request.packs.map(pack => [pack.deb, pack]))
    const { store } = request
    this.#content = new RootContent({ packs: [], generated: this.#generated, blobs: this.#blobs, store })
    mkdirSync(folder)
    this.staging = new Staging(folder, request.fileThread)
    this.merge = new RootMerge({
      debs: request.packs.map(pack => pack.deb),
      mergedUsr: request.mergedUsr,
      nativeArchitecture: request.nativeArchitecture,
      foreignArchitectures: request.foreignArchitectures,
      excludePaths: request.image.excludePaths,
      configure: 'scripts',
      modifiedSeconds: request.sourceDateEpochSeconds,
    })
  }

  /** Whether packages bring something there, or a link to it. */
  hasFile(path: string): boolean {
    const place = this.merge.tree.locate(path)
    return place !== undefined && this.merge.tree.at(place) !== undefined
  }

  /** The order in which packages are wanted. */
  prefer(packages: readonly PackageFacts[]): void {
    this.#request.coming.prefer(packages.flatMap(({ deb }) => this.#packs.get(deb) ?? []))
  }

  /** Waits until packages can be unpacked. @throws {Fault} as `unpackDeb` */
  async bring(packages: readonly PackageFacts[]): Promise<void> {
    await this.#request.coming.bring(packages.flatMap(({ deb }) => this.#packs.get(deb) ?? []))
  }

  /** The next wave. */
  async unpack(packages: readonly PackageFacts[], session: Session): Promise<void> {
    await this.bring(packages)
    const state = this.#state()
    const entries = this.#merge(packages, state)
    await this.#write(entries, this.#unpacked, { session })
    for (const path of placeholderPaths(this.#paths)) {
      // A folder that comes in a later wave, with attributes of its own, must not be there before.
      if (this.staging.kindOf(folderOf(path)) !== 'directory' || this.staging.readText(path) !== undefined) continue
      this.staging.writeFile(path, new Uint8Array(), 0o600)
    }
    this.#putStandIns()
  }

  /** Instead of the first waves: the root as it was after them, without stand-ins. */
  async restore(waves: readonly Wave[], known: StoredRoot, session: Session): Promise<void> {
    const packages = waves.flatMap(wave => wave.packages)
    await this.bring(packages)
    const packs = packages.flatMap(({ deb }) => this.#packs.get(deb) ?? [])
    const sorted = sortedPaths(known.tree).map(path => [path, known.tree.get(path)] as const)
    const entries = sorted.flatMap(([path, entry]) => (entry === undefined ? [] : [[path, entry] as const]))
    const merge = async () => {
      for (const [at, wave] of waves.entries()) this.#merge(wave.packages, known.states[at] ?? {})
    }
    await this.#write(new Map(entries), [...packs, ...known.packs], { session, meanwhile: merge })
  }

  /** dpkg's rules in memory. @returns what the disk lacks */
  #merge(packages: readonly PackageFacts[], state: UnpackedInto): ReadonlyMap<string, TreeEntry> {
    // Scripts read conffiles of the first wave before they are configured.
    const conffiles = this.merge.installed.length === 0 ? 'both' : 'new'
    const changes = this.merge.unpack(packages, conffiles, rootState(state, this.merge.installed.length))
    this.states.push(state)
    this.#unpacked.push(...packages.flatMap(({ deb }) => this.#packs.get(deb) ?? []))
    for (const [sha256, bytes] of changes.generated) this.#generated.set(sha256, bytes)
    for (const { deb } of packages) for (const { path } of deb.entries) this.#paths.add(path)
    return changes.entries
  }

  /** Stand-ins stay over whatever comes later, until they are taken away. */
  putStandIns(standIns: readonly StandIn[]): void {
    this.#standIns = standIns
    this.#putStandIns()
  }

  #putStandIns(): void {
    for (const { path, text, placed } of this.#standIns)
      if (placed === 'always' || this.hasFile(path)) this.staging.writeFile(path, Buffer.from(text), 0o755)
  }

  /** What the project brings: its contents are blobs of the store. Stand-ins stay until the scripts are through. */
  async lay(entries: ReadonlyMap<string, TreeEntry>, session: Session): Promise<void> {
    for (const [path, entry] of entries) {
      if (entry.kind === 'file') this.#blobs.add(entry.content.sha256)
      this.#laid.set(path, entry)
    }
    await this.#write(entries, this.#unpacked, { session })
    this.#putStandIns()
  }

  /** Stand-ins belong to a back end of the sandbox: what is to serve others does not have them. */
  async withoutStandIns(use: () => Promise<void>, session: Session): Promise<void> {
    await this.takeStandInsAway(session)
    try {
      await use()
    } finally {
      this.#putStandIns()
    }
  }

  async takeStandInsAway(session: Session): Promise<void> {
    const entries = new Map<string, TreeEntry>()
    for (const { path, placed } of this.#standIns) {
      // A package that left took its file along.
      if (placed === 'over a file' && this.staging.kindOf(path) === undefined) continue
      const place = this.merge.tree.locate(path)
      const laid = this.#laid.get(path) ?? (place === undefined ? undefined : this.#laid.get(place))
      const entry = laid ?? (place === undefined ? undefined : this.merge.tree.at(place))
      this.staging.remove(path)
      if (place !== undefined && entry !== undefined) entries.set(place, entry)
    }
    await this.#write(entries, this.#unpacked, { session })
  }

  /** What packages have at and below folders of the root, by folder. */
  below(folders: readonly string[]): ReadonlyMap<string, readonly [string, TreeEntry][]> {
    const entries = [...this.merge.tree.below(folders)]
    return new Map(
      folders.map(folder => [folder, entries.filter(([path]) => path === folder || path.startsWith(`${folder}/`))]),
    )
  }

  async #write(
    entries: ReadonlyMap<string, TreeEntry>,
    packs: readonly ContentPack[],
    { session, meanwhile = async () => undefined }: Beside,
  ): Promise<void> {
    this.#content.add(packs)
    try {
      await this.staging.writeWhile(entries, this.#content, { session, meanwhile })
    } finally {
      await this.#content.close()
    }
  }

  #state(): UnpackedInto {
    const found = {
      diversions: this.staging.readText('var/lib/dpkg/diversions'),
      statOverride: this.staging.readText('var/lib/dpkg/statoverride'),
      passwd: this.staging.readText('etc/passwd'),
      group: this.staging.readText('etc/group'),
      status: this.staging.readText('var/lib/dpkg/status'),
      pendingTriggers: this.staging.readText('var/lib/dpkg/triggers/Unincorp'),
    }
    return Object.fromEntries(Object.entries(found).filter(([, text]) => text !== undefined))
  }
}

function rootState(state: UnpackedInto, installed: number): RootState {
  if (installed === 0) return emptyRoot
  const { diversions, statOverride, passwd, group, status, pendingTriggers } = state
  return {
    redirections: readRedirections({ diversions, statOverride, passwd, group }),
    status,
    pendingTriggers,
  }
}
