import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, it } from 'vitest'
import { readTar } from '../../src/codec/index.ts'
import { emitOci, finishOciLayouts, type ImageFacts } from '../../src/image/index.ts'
import { defaultOptions, type OciOptions } from '../../src/manifest/index.ts'
import type { Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { inChunks } from '../support/chunks.ts'
import { formatTree, sampleFacts } from '../support/format-tree.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { scratchStore } from '../support/stored-debs.ts'
import { file, folder, symlink, type TestTree, treeOf } from '../support/trees.ts'

interface Layout {
  readonly index: { readonly manifests: readonly Described[] }
  readonly blob: (described: Described) => Promise<Buffer>
  readonly json: (described: Described) => Promise<Image & Described>
}
interface Described {
  readonly digest: string
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: { readonly architecture: string; readonly variant?: string }
}
interface Image {
  readonly config: Described & Readonly<Record<string, unknown>>
  readonly layers: readonly Described[]
  readonly manifests: readonly Described[]
  readonly architecture: string
  readonly created: string
  readonly rootfs: { readonly diff_ids: readonly string[] }
}

async function emit(
  parent: string,
  changes: Partial<OciOptions & ImageFacts> & { readonly root?: TestTree; readonly store?: Store } = {},
) {
  const target = { path: join(parent, 'oci'), name: 'oci' }
  const { root = formatTree, store, ...rest } = changes
  const options = { ...defaultOptions('oci'), ...rest }
  return await emitOci(
    { root, facts: { ...sampleFacts, ...rest }, options, target, ...(store === undefined ? {} : { store }) },
    quietSession(),
  )
}

async function openLayout(parent: string): Promise<Layout> {
  const read = (path: string) => readFile(join(parent, 'oci', path))
  assert.deepEqual(JSON.parse((await read('oci-layout')).toString()), { imageLayoutVersion: '1.0.0' })
  const blob = async ({ digest, size }: Described) => {
    const bytes = await read(`blobs/${digest.replace(':', '/')}`)
    assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest)
    assert.equal(bytes.length, size)
    return bytes
  }
  return {
    index: JSON.parse((await read('index.json')).toString()),
    blob,
    json: async described => JSON.parse((await blob(described)).toString()),
  }
}

async function pathsOf(bytes: Uint8Array): Promise<string[]> {
  const paths: string[] = []
  for await (const { entry } of readTar(inChunks(bytes), { name: 'layer', paxHeaders: 'read' })) paths.push(entry.path)
  return paths
}

/** Two versions of a library's package and a tool, on a merged /usr; dpkg's database says whose they are. */
const installed = (library: string) =>
  treeOf({
    bin: symlink('usr/bin'),
    usr: folder(),
    'usr/bin': folder(),
    'usr/bin/libtool': file(library),
    'usr/bin/tool': file('tool', { inode: 1 }),
    'usr/bin/tool2': file('tool', { inode: 1 }),
    var: folder(),
    'var/lib': folder(),
    'var/lib/dpkg': folder(),
    'var/lib/dpkg/info': folder(),
    'var/lib/dpkg/info/lib1:amd64.list': file('/.\n/usr\n/usr/bin\n/usr/bin/libtool\n'),
    'var/lib/dpkg/info/tool.list': file('/.\n/bin\n/bin/tool\n/usr/bin/tool2\n'),
    'var/lib/dpkg/status': file(
      `Package: lib1\nArchitecture: amd64\nSource: lib (1)\nVersion: ${library}\n\nPackage: tool\nPriority: required\nArchitecture: amd64\n`,
    ),
  })

describe('an OCI image layout', () => {
  it('names one image whose layer is the tar of the tree, with the configuration that was asked for', async () => {
    const parent = await scratchFolder()
    const emitted = await emit(parent, {
      reference: 'web:latest',
      entrypoint: ['/bin/su'],
      command: ['-q', '-q'],
      environment: new Map([['LANG', 'C.UTF-8']]),
      user: '33',
      workingFolder: '/srv',
      labels: new Map([['team', 'web']]),
      annotations: new Map([['org.opencontainers.image.title', 'web']]),
      architecture: 'armhf',
    })
    await finishOciLayouts([emitted], quietSession())
    const layout = await openLayout(parent)
    const [named] = layout.index.manifests
    assert.ok(named !== undefined)
    assert.deepEqual(named.annotations, { 'org.opencontainers.image.ref.name': 'web:latest' })
    assert.deepEqual(named.platform, { architecture: 'arm', os: 'linux', variant: 'v7' })
    const manifest = await layout.json(named)
    assert.deepEqual(manifest.annotations, {
      'org.opencontainers.image.created': '2023-11-14T22:13:20Z',
      'org.opencontainers.image.title': 'web',
    })
    const config = await layout.json(manifest.config)
    assert.deepEqual(config.config, {
      Cmd: ['-q', '-q'],
      Entrypoint: ['/bin/su'],
      Env: ['LANG=C.UTF-8'],
      Labels: { team: 'web' },
      User: '33',
      WorkingDir: '/srv',
    })
    assert.equal(config.created, '2023-11-14T22:13:20Z')
    const tars = await Promise.all(manifest.layers.map(async layer => gunzipSync(await layout.blob(layer))))
    assert.deepEqual(
      tars.map(tar => `sha256:${createHash('sha256').update(tar).digest('hex')}`),
      config.rootfs.diff_ids,
    )
    assert.equal((await pathsOf(tars[0] ?? assert.fail())).length, formatTree.tree.size)
  })

  it('has an index over several architectures', async () => {
    const parent = await scratchFolder()
    const images = []
    for (const architecture of ['i386', 'amd64']) images.push(await emit(parent, { architecture, reference: 'web' }))
    await finishOciLayouts(images, quietSession())
    const layout = await openLayout(parent)
    const [index] = layout.index.manifests
    assert.ok(index !== undefined && layout.index.manifests.length === 1)
    assert.deepEqual(index.annotations, { 'org.opencontainers.image.ref.name': 'web' })
    const { manifests } = await layout.json(index)
    assert.deepEqual(
      manifests.map(each => each.platform?.architecture),
      ['386', 'amd64'],
    )
    for (const each of manifests)
      assert.equal((await layout.json((await layout.json(each)).config)).architecture, each.platform?.architecture)
  })

  it('has the same bytes twice, and nothing of the image before', async () => {
    const [one, two] = [await scratchFolder(), await scratchFolder()]
    await finishOciLayouts([await emit(two, { root: treeOf({ other: file('x') }) })], quietSession())
    for (const parent of [one, two]) await finishOciLayouts([await emit(parent)], quietSession())
    const names = async (parent: string) => (await readdir(join(parent, 'oci'), { recursive: true })).sort()
    assert.deepEqual(await names(two), await names(one))
    assert.equal((await names(one)).length, 7)
  })

  it('is the image before until the new one is whole', async () => {
    const parent = await scratchFolder()
    await finishOciLayouts([await emit(parent)], quietSession())
    const before = (await openLayout(parent)).index
    const failing: TestTree = {
      tree: formatTree.tree,
      content: {
        async *read() {
          yield Buffer.from('s')
          throw new Error('the disk is on fire')
        },
      },
    }
    await assert.rejects(emit(parent, { root: failing }), /on fire/)
    const layout = await openLayout(parent)
    assert.deepEqual(layout.index, before)
    for (const each of before.manifests) await layout.json(each)
  })

  it('is not written into a folder that somebody else filled', async () => {
    const parent = await scratchFolder()
    await mkdir(join(parent, 'oci'))
    await writeFile(join(parent, 'oci/precious'), 'mine')
    await assertFault(emit(parent), 'OUTPUT_UNWRITABLE', 'cannot write oci: the folder has contents')
    assert.deepEqual(await readdir(parent), ['oci'])
  })

  it('cannot hold a name that means a deletion', async () => {
    const root = treeOf({ '.wh.etc': file('') })
    await assertFault(
      emit(await scratchFolder(), { root }),
      'TREE_PATH_UNSAFE',
      'the path "/.wh.etc" would mean a deletion',
    )
  })
})

describe('layers by package', () => {
  const layersOf = async (root: TestTree) => {
    const parent = await scratchFolder()
    await finishOciLayouts([await emit(parent, { root, layers: 'packages' })], quietSession())
    const layout = await openLayout(parent)
    const { layers } = await layout.json(layout.index.manifests[0] ?? assert.fail())
    return await Promise.all(
      layers.map(async layer => ({ digest: layer.digest, paths: await pathsOf(gunzipSync(await layout.blob(layer))) })),
    )
  }

  it('are one for each source package, required ones first, and one with folders and all the rest', async () => {
    const [tool, library, rest, ...others] = await layersOf(installed('1'))
    assert.deepEqual(tool?.paths, ['./usr/bin/tool', './usr/bin/tool2'])
    assert.deepEqual(library?.paths, ['./usr/bin/libtool'])
    assert.deepEqual(others, [])
    assert.equal(rest?.paths[0], './')
    assert.ok(rest?.paths.includes('./var/lib/dpkg/status') && rest.paths.includes('./bin'))
    const all = [tool, library, rest].flatMap(each => each?.paths ?? [])
    assert.equal(new Set(all).size, installed('1').tree.size)
    assert.equal(all.length, installed('1').tree.size)
  })

  it('of packages that did not change have the digests they had', async () => {
    const [before, after] = [await layersOf(installed('1')), await layersOf(installed('2'))]
    const changed = before.map((layer, at) => layer.digest !== after[at]?.digest)
    assert.deepEqual(changed, [false, true, true])
  })

  it('are one for a tree that knows no packages, and never more than 101', async () => {
    assert.equal((await layersOf(formatTree)).length, 1)
    const names = Array.from({ length: 300 }, (_, at) => `p${at}`)
    const lists = names.map(name => [`var/lib/dpkg/info/${name}.list`, file(`/usr/${name}\n`)] as const)
    const root = treeOf({
      usr: folder(),
      var: folder(),
      'var/lib': folder(),
      'var/lib/dpkg': folder(),
      'var/lib/dpkg/info': folder(),
      ...Object.fromEntries([...names.map(name => [`usr/${name}`, file(name)] as const), ...lists]),
      'var/lib/dpkg/status': file(names.map(name => `Package: ${name}\n`).join('\n')),
    })
    const layers = await layersOf(root)
    assert.ok(layers.length <= 101 && layers.length > 90, `${layers.length}`)
    assert.equal(layers.flatMap(({ paths }) => paths).length, root.tree.size)
  })
})

describe('a layer that the layout has', () => {
  it('is not read and compressed again, unless its blob is damaged or gone', async () => {
    const parent = await scratchFolder()
    const store = await scratchStore()
    const first = await emit(parent, { store })
    const unreadable: TestTree = {
      tree: formatTree.tree,
      content: {
        // biome-ignore lint/correctness/useYield: nothing of it can be read
        async *read() {
          throw new Error('the content was read')
        },
      },
    }
    const again = await emit(parent, { store, root: unreadable })
    assert.deepEqual(again.manifest, first.manifest)
    const [layer] = first.layers
    const blob = join(parent, 'oci/blobs/sha256', layer?.digest.replace('sha256:', '') ?? '')
    await writeFile(blob, Buffer.alloc(layer?.size ?? 0))
    await assert.rejects(emit(parent, { store, root: unreadable }), /the content was read/)
  })
})
