import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, test } from 'vitest'
import { emitTar } from '../../src/image/index.ts'
import { Staging } from '../../src/rootfs/staging.ts'
import { type FileThread, startFileThread } from '../../src/store/file-thread.ts'
import { type ListedFile, type OpenPlace, shareFileList, stampOf } from '../../src/store/index.ts'
import type { FileContent, TreeEntry } from '../../src/tree/index.ts'
import { realPrograms } from '../support/real-programs.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { file, folder, treeOf } from '../support/trees.ts'

const script = join(process.cwd(), 'dist/workers/file-work.js')
const own = { userId: process.getuid?.() ?? 0, groupId: process.getgid?.() ?? 0, modifiedSeconds: 1_700_000_000 }
const never = new AbortController().signal
const opened: FileThread[] = []
afterEach(async () => {
  for (const thread of opened.splice(0)) await thread.close()
})

async function begun(path = script): Promise<FileThread> {
  const thread = startFileThread(path)
  opened.push(thread)
  await thread.begun
  return thread
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')

/** A file that holds all texts, one after the other, as a pack does. */
function packOf(top: string, texts: readonly string[]) {
  writeFileSync(join(top, 'pack'), texts.join(''))
  const descriptor = openSync(join(top, 'pack'), 'r')
  const places = new Map<string, OpenPlace>()
  let position = 0
  for (const text of texts) {
    places.set(digestOf(text), { descriptor, position })
    position += Buffer.byteLength(text)
  }
  return { descriptor, places }
}

describe('a thread for files', () => {
  test('writes files with their attributes, together with the one that asked', async () => {
    const [thread, top] = [await begun(), await scratchFolder()]
    const texts = Array.from({ length: 300 }, (_, at) => `file ${at}\n`)
    const { descriptor, places } = packOf(top, texts)
    const files = texts.map((text, at): ListedFile => {
      const place = places.get(digestOf(text)) ?? assert.fail()
      const attributes = { ...own, mode: at % 2 === 0 ? 0o4755 : 0o600 }
      return { ...place, ...attributes, path: join(top, `${at}`), sha256: digestOf(text), sizeBytes: text.length }
    })
    const list = shareFileList(files)
    await thread.write(list, async () => undefined, never)
    closeSync(descriptor)
    for (const [at, text] of texts.entries()) {
      const stats = lstatSync(join(top, `${at}`), { bigint: true })
      assert.equal(readFileSync(join(top, `${at}`), 'utf8'), text)
      assert.equal(Number(stats.mode) & 0o7777, files[at]?.mode)
      assert.equal(stats.mtimeMs, 1_700_000_000_000n)
      assert.deepEqual(stampOf(list, at), { inode: stats.ino, changedNanoseconds: stats.ctimeNs })
    }
  })

  test('leaves to others what is there already, what has another digest and what cannot be read', async () => {
    const [thread, top] = [await begun(), await scratchFolder()]
    const { descriptor, places } = packOf(top, ['one'])
    const place = places.get(digestOf('one')) ?? assert.fail()
    writeFileSync(join(top, 'there'), 'old')
    const plain = { ...place, ...own, mode: 0o644, sha256: digestOf('one'), sizeBytes: 3 }
    const list = shareFileList([
      { ...plain, path: join(top, 'good') },
      { ...plain, path: join(top, 'there') },
      { ...plain, path: join(top, 'changed'), sha256: digestOf('other') },
      { ...plain, path: join(top, 'cut'), position: 1 },
    ])
    await thread.write(list, async () => undefined, never)
    closeSync(descriptor)
    assert.deepEqual(
      [0, 1, 2, 3].map(at => stampOf(list, at) !== undefined),
      [true, false, false, false],
    )
    assert.equal(readFileSync(join(top, 'there'), 'utf8'), 'old')
  })

  test('hashes a file while it grows', async () => {
    const [thread, path] = [await begun(), join(await scratchFolder(), 'growing')]
    const hashing = thread.hashGrowing(path)
    let whole = ''
    for (let at = 0; at < 50; at++) {
      const piece = `${at}`.repeat(5000)
      appendFileSync(path, piece)
      whole += piece
      hashing.grown(whole.length)
    }
    assert.equal(await hashing.finish(whole.length), digestOf(whole))
  })

  test('has no digest for a file that is shorter than what was written', async () => {
    const [thread, path] = [await begun(), join(await scratchFolder(), 'file')]
    writeFileSync(path, 'text')
    const hashing = thread.hashGrowing(path)
    hashing.grown(4)
    assert.equal(await hashing.finish(5), undefined)
  })

  test('goes on with the next file when nobody wants the digest of one', async () => {
    const [thread, path] = [await begun(), join(await scratchFolder(), 'file')]
    writeFileSync(path, 'text')
    const given = thread.hashGrowing(path)
    given.grown(2)
    given.close()
    const wanted = thread.hashGrowing(path)
    wanted.grown(4)
    assert.equal(await wanted.finish(4), digestOf('text'))
  })

  test('is not missed where it cannot begin, or has ended', async () => {
    const top = await scratchFolder()
    writeFileSync(join(top, 'file'), 'text')
    assert.equal((await begun(join(top, 'no-such-script.js'))).isReady, false)
    const thread = await begun()
    await thread.close()
    assert.equal(thread.isReady, false)
    const hashing = thread.hashGrowing(join(top, 'file'))
    hashing.grown(4)
    assert.equal(await hashing.finish(4), digestOf('text'))
  })
})

describe('a root that two threads write', () => {
  const entryOf = (text: string, mode = 0o644): TreeEntry => ({
    kind: 'file',
    content: { sha256: digestOf(text), sizeBytes: text.length },
    inode: undefined,
    mode,
    ...own,
  })
  const directory: TreeEntry = { kind: 'directory', mode: 0o755, ...own }

  /** Times of files alone: what a script left has its own. */
  function described(root: string): readonly string[] {
    const words = ['(', '-type', 'f', '-printf', '%P %m %U %G %T@\\n', ')', '-o', '-printf', '%P %m %U %G %l\\n']
    const lines = execFileSync('find', [root, ...words], { encoding: 'utf8' })
      .split('\n')
      .sort()
    return lines.map(line =>
      /^etc\/\d/.test(line) ? `${line} ${readFileSync(join(root, line.split(' ')[0] ?? ''))}` : line,
    )
  }

  async function written(thread: FileThread | undefined, entries: ReadonlyMap<string, TreeEntry>) {
    const top = await scratchFolder()
    const texts = Array.from({ length: 400 }, (_, at) => `text ${at}\n`)
    const { descriptor, places } = packOf(top, texts)
    const byDigest = new Map(texts.map(text => [digestOf(text), Buffer.from(text)]))
    mkdirSync(join(top, 'root'))
    mkdirSync(join(top, 'root/real'))
    symlinkSync('real', join(top, 'root/alias'))
    writeFileSync(join(top, 'root/real/text 7'), 'of a script')
    const content = {
      async *read({ sha256 }: FileContent) {
        yield byDigest.get(sha256) ?? assert.fail('no such content')
      },
      placeNow: ({ sha256 }: FileContent) => places.get(sha256),
    }
    await new Staging(join(top, 'root'), thread).write(entries, content, quietSession())
    closeSync(descriptor)
    return { described: described(join(top, 'root')), root: join(top, 'root') }
  }

  test('is the one that one thread writes: what scripts left is replaced, and of two names of a place the later stays', async () => {
    const entries = new Map<string, TreeEntry>([['etc', { ...directory, mode: 0o2755 }]])
    for (let at = 0; at < 400; at++) {
      const text = `text ${at}\n`
      entries.set(`etc/${at}`, entryOf(text, at % 3 === 0 ? 0o4711 : 0o644))
      if (at < 100) entries.set(`real/text ${at}`, entryOf(text))
    }
    entries.set('alias/text 5', entryOf('text 6\n'))
    const alone = await written(undefined, entries)
    const together = await written(await begun(), entries)
    assert.deepEqual(together.described, alone.described)
    assert.equal(readFileSync(join(together.root, 'real/text 5'), 'utf8'), 'text 6\n')
    assert.equal(readFileSync(join(together.root, 'real/text 7'), 'utf8'), 'text 7\n')
  })
})

test('a tar has the digest that its writer would have computed', async () => {
  const top = await scratchFolder()
  const root = treeOf({ etc: folder(), 'etc/a': file('a'.repeat(3_000_000)), 'etc/b': file('b') })
  const emitted = async (name: string, fileThread: FileThread | undefined) =>
    await emitTar({ root, target: { path: join(top, name), name }, runner: realPrograms(), fileThread }, quietSession())
  const [alone, beside] = [await emitted('one.tar', undefined), await emitted('two.tar', await begun())]
  assert.equal(beside.tarSha256, alone.tarSha256)
  assert.equal(beside.tarSha256, createHash('sha256').update(readFileSync(beside.path)).digest('hex'))
})
