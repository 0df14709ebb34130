import { byteStringOf, displayByteString } from '../codec/index.ts'
import { encodeUtf8, Fault } from '../kernel/index.ts'
import type { TreeEntry } from '../tree/index.ts'
import { describeClash } from './clash.ts'
import { databaseFiles, makeDatabaseFolders, placeDatabaseFile } from './database.ts'
import { pathFilter } from './exclude-paths.ts'
import type { MergeRequest } from './merge-request.ts'
import { placeMergedUsr } from './merged-usr.ts'
import { nameOf, type PackageFacts } from './package-facts.ts'
import { noRedirections, type Redirections } from './redirections.ts'
import { RootTree } from './root-tree.ts'
import { mergeStatus } from './status-database.ts'
import { formatActivations } from './triggers.ts'
import { type ConffilePlacement, type InstalledPackage, startUnpacking, type Unpacking, unpackDeb } from './unpack.ts'

/** More clashes than anybody reads; a hostile deb could make a million. */
const maximumClashes = 1000

/** What a root looks like to dpkg when a wave is unpacked into it. */
export interface RootState {
  readonly redirections: Redirections
  /** `/var/lib/dpkg/status` as dpkg left it, a byte string; undefined before the first wave. */
  readonly status: string | undefined
  /** `/var/lib/dpkg/triggers/Unincorp`, a byte string. */
  readonly pendingTriggers: string | undefined
}

export const emptyRoot: RootState = { redirections: noRedirections, status: undefined, pendingTriggers: undefined }

/** What unpacking changed: every path that was put or amended, in byte order, and the bytes of those that no deb brings. */
export interface UnpackedChanges {
  readonly entries: ReadonlyMap<string, TreeEntry>
  readonly generated: ReadonlyMap<string, Uint8Array>
}

/** A root into which packages are unpacked, as `dpkg --unpack` 1.21 does: tree and database. */
export class RootMerge {
  readonly tree: RootTree
  readonly installed: InstalledPackage[] = []
  readonly #request: MergeRequest
  readonly #state: Unpacking
  /** sha256 of what was made last, by path of the database. */
  readonly #made = new Map<string, string>()

  constructor(request: MergeRequest) {
    this.#request = request
    this.tree = new RootTree(request.modifiedSeconds)
    placeMergedUsr(this.tree, request.mergedUsr, request.modifiedSeconds)
    makeDatabaseFolders(this.tree)
    // Patterns of the manifest are text, paths are bytes.
    const patterns = request.excludePaths.map(pattern => byteStringOf(encodeUtf8(pattern)))
    this.#state = startUnpacking(this.tree, pathFilter(patterns))
  }

  get aliases(): Unpacking['aliases'] {
    return this.#state.aliases
  }

  /**
   * Unpacks packages in the order given and brings the database up to date.
   *
   * @throws {Fault} `ROOTFS_CLASH` with all clashes so far, `DEB_MALFORMED` for debs that dpkg refuses too
   */
  unpack(packages: readonly PackageFacts[], placement: ConffilePlacement, root: RootState): UnpackedChanges {
    this.#state.redirections = root.redirections
    const earlier = [...this.installed]
    const added = packages.map(facts => unpackDeb(this.#state, facts, placement))
    this.installed.push(...added)
    refuseClashes(this.#state)
    const status = root.status === undefined ? undefined : mergeStatus(root.status, added)
    const pending = `${root.pendingTriggers ?? ''}${formatActivations(earlier, added)}`
    const generated = new Map<string, Uint8Array>()
    for (const file of databaseFiles(this.installed, { ...this.#request, status, pendingTriggers: pending })) {
      const place = this.tree.locate(file.path)
      if (place === undefined || this.tree.at(place)?.kind === 'directory') throw databaseClash(file.path)
      const sha256 = placeDatabaseFile(this.tree, place, file, this.#made.get(file.path))
      this.#made.set(file.path, sha256)
      generated.set(sha256, file.bytes)
    }
    return { entries: this.tree.takeChanges(), generated }
  }
}

function databaseClash(path: string): Fault {
  return new Fault('ROOTFS_CLASH', {
    message: `${displayByteString(`/${path}`)} belongs to the database of dpkg, but a deb brings something else there`,
    hint: 'No deb may bring files of /var/lib/dpkg; leave the package out that does.',
    context: { path },
  })
}

function refuseClashes({ clashes }: Unpacking): void {
  const [first, ...more] = clashes
  if (first === undefined) return
  throw new Fault('ROOTFS_CLASH', {
    message: `${describeClash(first)}${more.length === 0 ? '' : ` (and ${more.length} more)`}`,
    hint: 'Leave one of the packages out of the manifest; dpkg allows this only where one declares Replaces on the other.',
    context: {
      path: first.path,
      packages: [first.first, first.second].flatMap(each => (each === undefined ? [] : [nameOf(each.deb)])),
      clashes: clashes.slice(0, maximumClashes).map(describeClash),
    },
  })
}
