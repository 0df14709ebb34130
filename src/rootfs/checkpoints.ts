import type { Wave } from '../dpkg/index.ts'
import { encodeUtf8, type Session } from '../kernel/index.ts'
import type { ObjectName } from '../store/index.ts'
import { captureTree, defaultCaptureLimits } from './capture-tree.ts'
import { checkpointObjects } from './configure-inputs.ts'
import type { GrowingRoot, GrowingRootRequest } from './growing-root.ts'
import { type ContentPack, contentsOf, sha256Of, writePackManifest } from './pack-file.ts'
import { encodeRoot, readRoot, type StoredRoot } from './root-record.ts'

export interface CheckpointRequest extends GrowingRootRequest {
  /** `fresh`: none is read and none is written. */
  readonly reuse: 'stored' | 'fresh'
}

/** What a checkpoint cannot hold, because no root could be made from it again. */
class Unkept extends Error {}

/**
 * Roots as they were between two waves, kept in the store under everything that had gone in until then. They change how much is done
 * again, never the bytes; each can be deleted at any time. See docs/decisions/0012-checkpoints-of-configuring.md.
 */
export class Checkpoints {
  /** The last one that was found or kept: what is stored next says only how it differs. */
  latest: StoredRoot | undefined
  readonly #request: CheckpointRequest
  readonly #waves: readonly Wave[]
  readonly #names: readonly ObjectName[]
  /** Names of the waves of the last build with the same inner ones: where it differs from this, it will differ again. */
  #before: readonly string[] = []

  constructor(request: CheckpointRequest, waves: readonly Wave[]) {
    this.#request = request
    this.#waves = waves
    const locked = new Map(request.packs.map(pack => [pack.deb, pack.locked.sha256]))
    this.#names = checkpointObjects(request, waves, deb => locked.get(deb) ?? '')
  }

  /** @returns the number of waves after which the latest checkpoint was made; 0 without one */
  async find(): Promise<number> {
    if (this.#request.reuse === 'fresh') return 0
    const before = await this.#request.store.readRecord(this.#orderRecord())
    if (before !== undefined) this.#before = JSON.parse(Buffer.from(before).toString('utf8'))
    for (let done = this.#waves.length; done > 0; done--) {
      const name = this.#names[done - 1]
      this.latest = name === undefined ? undefined : await readRoot(name, this.#request.store)
      if (this.latest !== undefined && this.latest.states.length === done) return done
    }
    this.latest = undefined
    return 0
  }

  /**
   * Called after each wave. What is kept: the root before all leaves, which images with other leaves share, and the one before the first
   * leaf that is another than in the build before.
   *
   * @param readAttributes extended attributes by path
   */
  async keep(
    done: number,
    place: {
      readonly root: GrowingRoot
      readonly readAttributes: () => Promise<ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>>
    },
    session: Session,
  ): Promise<void> {
    if (this.#request.reuse === 'fresh' || !this.#isWorthwhile(done)) return
    const name = this.#names[done - 1]
    // They are lost when the root is made again: Node sets none.
    if (name === undefined || (await place.readAttributes()).size > 0) return
    try {
      await place.root.withoutStandIns(() => this.#write(name, done, place.root, session), session)
    } catch (error) {
      if (!(error instanceof Unkept)) throw error
    }
  }

  /** At the end of a build: for the next one to see what changed. */
  async noteOrder(): Promise<void> {
    const names = this.#names.map(name => name.key)
    if (this.#request.reuse === 'fresh' || JSON.stringify(names) === JSON.stringify(this.#before)) return
    await this.#request.store.putRecord(this.#orderRecord(), encodeUtf8(JSON.stringify(names)))
  }

  #isWorthwhile(done: number): boolean {
    if (done >= this.#waves.length) return false
    if (done === this.#inner) return true
    const { key } = this.#names[done - 1] ?? {}
    const { key: next } = this.#names[done] ?? {}
    return done > this.#inner && key === this.#before[done - 1] && next !== this.#before[done]
  }

  /** The number of waves on which others depend. */
  get #inner(): number {
    return this.#waves.filter(wave => wave.kind === 'inner').length
  }

  #orderRecord(): ObjectName {
    return { kind: 'waves', key: this.#names[this.#inner - 1]?.key ?? '' }
  }

  async #write(name: ObjectName, done: number, root: GrowingRoot, session: Session): Promise<void> {
    const { store, packs } = this.#request
    const base = this.latest
    const unpacked = new Set(this.#waves.slice(0, done).flatMap(wave => wave.packages.map(({ deb }) => deb)))
    // Contents of later packages are no part of this: another image may not have them.
    const known = contentsOf([...packs.filter(({ deb }) => unpacked.has(deb)), ...(base?.packs ?? [])])
    await store.putObject(name, async sink => {
      const captured = await captureTree(
        {
          staging: root.staging,
          volatile: new Map(),
          isKnown: sha256 => known.has(sha256),
          sink,
          extendedAttributes: new Map(),
          limits: defaultCaptureLimits,
        },
        session,
      )
      const kinds = new Set([...captured.tree.values()].map(({ kind }) => kind))
      const isPlain = [...kinds].every(kind => kind === 'directory' || kind === 'file' || kind === 'symlink')
      if (captured.left.length > 0 || !isPlain) throw new Unkept('sockets, pipes or devices')
      const { tree, places } = captured
      const built = { tree, warnings: [], states: [...root.states] }
      const record = encodeRoot(built, places, base)
      await writePackManifest(sink, record)
      const own: ContentPack = { name: 'the configured root', object: name, places }
      this.latest = { ...built, object: name, recordSha256: sha256Of(record), packs: [...(base?.packs ?? []), own] }
    })
  }
}
