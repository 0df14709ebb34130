import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { writePackManifest } from '../../src/rootfs/pack-file.ts'
import { RootContent } from '../../src/rootfs/root-content.ts'
import { encodeRoot, readRoot, type StoredRoot } from '../../src/rootfs/root-record.ts'
import type { ObjectName, Store } from '../../src/store/index.ts'
import { type TreeEntry, treeDigest } from '../../src/tree/index.ts'
import { collect } from '../support/chunks.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import { scratchStore, sha256Of } from '../support/stored-debs.ts'

const seed = 20_261_121
const paths = Array.from({ length: 30 }, (_, at) => `etc/${at}`)

function randomEntry(random: SeededRandom): TreeEntry {
  const attributes = { mode: random.pick([0o644, 0o755, 0o4755]), userId: random.below(3), groupId: 0 }
  const timed = { ...attributes, modifiedSeconds: random.below(3) }
  const content = { sha256: sha256Of(`${random.below(9)}`), sizeBytes: 1 }
  const value = Buffer.from([random.below(2)])
  switch (random.below(4)) {
    case 0:
      return { kind: 'symlink', target: `${random.below(3)}`, ...timed }
    case 1:
      return { kind: 'file', content, inode: 1 + random.below(2), ...timed }
    case 2:
      return { kind: 'file', content, inode: undefined, ...timed, extendedAttributes: new Map([['security.x', value]]) }
    default:
      return { kind: 'file', content, inode: undefined, ...timed }
  }
}

/** Some paths get another entry, some leave, some come. */
function changed(tree: ReadonlyMap<string, TreeEntry>, random: SeededRandom): ReadonlyMap<string, TreeEntry> {
  const next = new Map(tree)
  for (let times = random.below(12); times > 0; times--) {
    const path = random.pick(paths)
    if (random.below(3) === 0) next.delete(path)
    else next.set(path, randomEntry(random))
  }
  return next
}

async function keep(store: Store, at: number, tree: ReadonlyMap<string, TreeEntry>, base: StoredRoot | undefined) {
  const name: ObjectName = { kind: 'checkpoint', key: `${at}` }
  const root = { tree, warnings: [`${at}`], states: [...(base?.states ?? []), { status: `wave ${at}` }] }
  await store.putObject(name, sink => writePackManifest(sink, encodeRoot(root, new Map(), base)))
  return name
}

describe('a root that is stored as what differs from another', () => {
  test(`is read back as it was, over 40 changes of seed ${seed}`, async () => {
    const random = seededRandom(seed)
    const store = await scratchStore()
    let base: StoredRoot | undefined
    let tree: ReadonlyMap<string, TreeEntry> = new Map()
    for (let at = 0; at < 40; at++) {
      tree = changed(tree, random)
      const read: StoredRoot | undefined = await readRoot(await keep(store, at, tree, base), store)
      assert.equal(treeDigest(read?.tree ?? new Map()), treeDigest(tree))
      assert.deepEqual(read?.states.at(-1), { status: `wave ${at}` })
      assert.equal(read?.states.length, at + 1)
      assert.deepEqual(read?.warnings, [`${at}`])
      base = read
    }
  })

  test('is absent when what it builds on was made anew, with other bytes', async () => {
    const store = await scratchStore()
    const random = seededRandom(seed)
    const tree = changed(new Map(), random)
    const first = await keep(store, 1, tree, undefined)
    const second = await keep(store, 2, tree, await readRoot(first, store))
    await keep(store, 1, tree, undefined)
    assert.ok((await readRoot(second, store)) !== undefined, 'the same bytes')
    await keep(store, 1, new Map([...tree, ['etc/more', randomEntry(random)]]), undefined)
    assert.equal(await readRoot(second, store), undefined)
  })

  test('is absent as soon as what it builds on is', async () => {
    const store = await scratchStore()
    const tree = changed(new Map(), seededRandom(seed))
    const first = await keep(store, 1, tree, undefined)
    const second = await keep(store, 2, tree, await readRoot(first, store))
    assert.ok((await readRoot(second, store)) !== undefined)
    const folder = join(store.folder, 'store-v1/objects/checkpoint')
    const digest = sha256Of('checkpoint\x001')
    await rm(join(folder, digest.slice(0, 2), digest.slice(2)))
    assert.equal(await readRoot(second, store), undefined)
  })
})

describe('a root that is built anew while it is in use', () => {
  /** Of one file, whose content lies behind others of some length. */
  async function keepFile(store: Store, text: string, before: string): Promise<StoredRoot> {
    const name: ObjectName = { kind: 'configured', key: 'the same packages' }
    const content = { sha256: sha256Of(text), sizeBytes: text.length }
    const entry = { kind: 'file', content, inode: undefined, mode: 0o644, userId: 0, groupId: 0, modifiedSeconds: 0 }
    const tree = new Map([['etc/file', entry as TreeEntry]])
    await store.putObject(name, async sink => {
      await sink.write(Buffer.from(before))
      const places = new Map([[content.sha256, { offset: sink.position, sizeBytes: content.sizeBytes }]])
      await sink.write(Buffer.from(text))
      await writePackManifest(sink, encodeRoot({ tree, warnings: [], states: [] }, places, undefined))
    })
    return (await readRoot(name, store)) ?? assert.fail('it was just written')
  }

  test('keeps the bytes that it was made of: `--check` compares it with the other one', async () => {
    const store = await scratchStore()
    const first = await keepFile(store, 'of the first build', '')
    const content = new RootContent({ packs: first.packs, generated: new Map(), blobs: new Set(), store })
    await content.hold(first.packs)
    await keepFile(store, 'of the second', 'longer than before')
    const entry = first.tree.get('etc/file')
    assert.ok(entry?.kind === 'file')
    assert.equal((await collect(content.read(entry.content))).toString(), 'of the first build')
    await content.close()
  })
})
