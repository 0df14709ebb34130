import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, it } from 'vitest'
import {
  indexPackages,
  type ListedIndex,
  openIndexes,
  openUniverse,
  type PackagesIndex,
} from '../../src/archive/index.ts'
import { beginReadAhead } from '../../src/archive/packages-index/read-ahead.ts'
import { openSavedIndex, type SavedBytes, saveIndex } from '../../src/archive/packages-index/saved-index.ts'
import type { PackageUniverse } from '../../src/debian/index.ts'
import { concatBytes, isFault, type JournalEvent, type Session, silentJournal } from '../../src/kernel/index.ts'
import { Store } from '../../src/store/index.ts'
import { indexOf, packagesFile, stanzaText, verifiedIndexOf } from '../support/packages-file.ts'

// Long enough for several blocks, with stanzas that cross from one into the next.
const names = Array.from({ length: 200 }, (_, index) => `package-${index}`)
const text = packagesFile(
  Object.fromEntries(
    names.map((name, index) => [
      `${name} ${index}`,
      {
        // A folded field is one that the scan does not take apart.
        Provides: index % 7 === 0 ? `seventh,${index % 2 === 0 ? '' : '\n'} odd (= 1)` : undefined,
        Priority: index % 2 === 0 ? 'optional' : 'extra',
        Essential: index % 50 === 0 ? 'yes' : undefined,
        Description: 'x'.repeat(1 + ((index * 37) % 900)),
      },
    ]),
  ),
)

function bytesAtRest(bytes: Uint8Array): SavedBytes & { readonly reads: number[] } {
  const reads: number[] = []
  return {
    sizeBytes: bytes.length,
    reads,
    read(offset, length) {
      assert.ok(offset >= 0 && offset + length <= bytes.length)
      reads.push(length)
      return bytes.slice(offset, offset + length)
    },
    readInto(offset, target) {
      target.set(this.read(offset, target.length))
    },
  }
}

function saved(packages = text): Uint8Array {
  const verified = verifiedIndexOf(packages)
  return concatBytes([...saveIndex(verified, indexPackages(verified).table)])
}

function reopened(packages = text): PackagesIndex {
  const index = openSavedIndex(bytesAtRest(saved(packages)), verifiedIndexOf(packages))
  assert.ok(index)
  return index
}

function universeOf(index: PackagesIndex): PackageUniverse {
  return openUniverse({ nativeArchitecture: 'amd64', foreignArchitectures: [], indexes: [index] })
}

/** Everything there is to ask. */
function answersOf(universe: PackageUniverse): unknown {
  const described = universe
    .names()
    .map(name =>
      universe.packagesNamed(name).map(deb => [deb.name, deb.version, deb.sha256, deb.provides, deb.listings]),
    )
  const lists = [
    universe.providersOf('seventh'),
    universe.essentialPackages(),
    universe.packagesOfPriority('extra'),
  ].map(list => list.map(deb => deb.name))
  return { described, lists }
}

describe('a saved index', () => {
  it('answers as the one it was saved from', () => {
    assert.deepEqual(answersOf(universeOf(reopened())), answersOf(universeOf(indexOf(text))))
  })

  it('of nothing is one of nothing', () => {
    assert.deepEqual(universeOf(reopened('')).names(), [])
  })

  it('reads a block of the text only where the scan did not take a stanza apart, and each once', () => {
    const rest = bytesAtRest(saved())
    const index = openSavedIndex(rest, verifiedIndexOf(text))
    assert.ok(index)
    assert.equal(rest.reads.length, 2)
    const universe = universeOf(index)
    const packages = ['package-0', 'package-1'].flatMap(name => universe.packagesNamed(name))
    assert.equal(packages.filter(deb => deb.version !== '').length, 2)
    assert.deepEqual(
      packages.map(deb => [deb.priority, deb.provides.length, deb.sha256.length, deb.listings[0].fileName]),
      [
        ['optional', 2, 64, 'pool/main/p/package-0/package-0_0_amd64.deb'],
        ['extra', 0, 64, 'pool/main/p/package-1/package-1_1_amd64.deb'],
      ],
    )
    assert.equal(rest.reads.length, 2, 'all of it stands in the head')
    const [folded] = universe.packagesNamed('package-7')
    assert.deepEqual([folded?.provides.length, folded?.priority], [2, 'extra'])
    assert.deepEqual(rest.reads.slice(2), [16 * 1024])
    assert.ok(text.length > 5 * 16 * 1024)
  })

  it('names the same line in a fault', () => {
    const malformed = `${text}\n${stanzaText('zzz 1', { Depends: '(' })}`
    const messages = [indexOf(malformed), reopened(malformed)].map(index => {
      try {
        return String(universeOf(index).packagesNamed('zzz')[0]?.depends)
      } catch (error) {
        assert.ok(isFault(error, 'INDEX_MALFORMED'))
        return error.message
      }
    })
    assert.equal(messages[0], messages[1])
    assert.match(messages[0] ?? '', new RegExp(`line ${malformed.split('\n').indexOf('Depends: (') + 1}: `))
  })

  it('is not opened for another digest', () => {
    assert.equal(openSavedIndex(bytesAtRest(saved()), verifiedIndexOf(`${text}\n`)), undefined)
  })

  it('that was changed anywhere is not opened, or faults when the changed block is read; never a wrong answer', () => {
    const sound = saved()
    const expected = answersOf(universeOf(reopened()))
    let faults = 0
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Uint8Array.from(sound)
        damaged[at] = (damaged[at] ?? 0) ^ flip
        const index = openSavedIndex(bytesAtRest(damaged), verifiedIndexOf(text))
        if (index === undefined) return
        try {
          assert.deepEqual(answersOf(universeOf(index)), expected)
        } catch (error) {
          assert.ok(isFault(error, 'STORE_CORRUPT'), String(error))
          faults++
        }
      }),
      { seed: 131, numRuns: 300 },
    )
    assert.ok(faults > 0, 'no changed block was looked at')
  })

  it('that was cut short is not opened', () => {
    const sound = saved()
    for (const length of [0, 1, 50, 103, 104, 105, 1000, sound.length - 1])
      assert.equal(openSavedIndex(bytesAtRest(sound.slice(0, length)), verifiedIndexOf(text)), undefined, `${length}`)
  })

  it('of another layout version is not opened', () => {
    const other = Buffer.from(saved())
    other.write('9999', 'aptroot-packages-index '.length)
    assert.equal(openSavedIndex(bytesAtRest(other), verifiedIndexOf(text)), undefined)
  })
})

describe('opening listed indexes', () => {
  let folder = ''
  let loads = 0
  let events: JournalEvent[] = []
  const listed: ListedIndex = {
    origin: verifiedIndexOf(text).origin,
    sha256: verifiedIndexOf(text).sha256,
    load() {
      loads++
      return Promise.resolve(verifiedIndexOf(text))
    },
  }
  const session: Session = {
    signal: new AbortController().signal,
    journal: { emit: event => events.push(event) },
  }
  const clock = { now: () => new Date('2026-11-20T00:00:00Z') }
  const storeOf = () => new Store({ folder, clock })

  async function savedFile(): Promise<string> {
    const objects = join(folder, 'store-v1/objects/packages-index')
    const [file] = await readdir(objects, { recursive: true, withFileTypes: true }).then(found =>
      found.filter(each => each.isFile()),
    )
    assert.ok(file)
    return join(file.parentPath, file.name)
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aptroot-index-'))
    loads = 0
    events = []
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function answers(): Promise<unknown> {
    const open = await openIndexes([listed], storeOf(), session)
    try {
      const [index] = open.indexes
      assert.ok(index)
      return answersOf(universeOf(index))
    } finally {
      await open.close()
    }
  }

  it('loads once, and then reads what was saved', async () => {
    const first = await answers()
    const second = await answers()
    assert.deepEqual(second, first)
    assert.equal(loads, 1)
  })

  it('loads again what was cut short in the store', async () => {
    await answers()
    const saved = await savedFile()
    await chmod(saved, 0o600)
    await truncate(saved, 5000)
    await answers()
    assert.equal(loads, 2)
    await answers()
    assert.equal(loads, 2)
  })

  it('goes on without a store that cannot be written to, and says so', async () => {
    await mkdir(join(folder, 'store-v1'))
    await writeFile(join(folder, 'store-v1/temporary'), 'a file where a folder is needed')
    await answers()
    await answers()
    assert.equal(loads, 2)
    assert.equal(events.filter(each => each.kind === 'warned').length, 2)
  })

  it('goes on with what was begun for it, and lets go of what was begun for another', async () => {
    const first = await answers()
    const other = verifiedIndexOf(text.replaceAll('package-', 'other-'))
    const next = { ...listed, sha256: other.sha256, load: () => Promise.resolve(other) }
    for (const [index, expected] of [
      [listed, first],
      [listed, first],
      [next, answersOf(universeOf(indexOf(text.replaceAll('package-', 'other-'))))],
    ] as const) {
      const ahead = await beginReadAhead('these archives', storeOf())
      const open = await openIndexes([index], storeOf(), session, ahead)
      try {
        assert.deepEqual(answersOf(universeOf(open.indexes[0] as PackagesIndex)), expected)
      } finally {
        await open.close()
      }
    }
    assert.equal(loads, 1)
  })

  it('is not misled by a record of other indexes, or of none', async () => {
    const first = await answers()
    const records = [
      '',
      '{',
      '7',
      '["../../etc"]',
      `["${'0'.repeat(64)}"]`,
      JSON.stringify(Array(300).fill('0'.repeat(64))),
    ]
    for (const record of records) {
      await storeOf().putRecord({ kind: 'opened-indexes', key: 'these archives' }, Buffer.from(record))
      const open = await openIndexes([listed], storeOf(), session, await beginReadAhead('these archives', storeOf()))
      try {
        assert.deepEqual(answersOf(universeOf(open.indexes[0] as PackagesIndex)), first, record)
      } finally {
        await open.close()
      }
    }
    assert.equal(loads, 1)
  })

  it('stops when it is told to', async () => {
    const interrupted = { signal: AbortSignal.abort(new Error('enough')), journal: silentJournal }
    await assert.rejects(() => openIndexes([listed], storeOf(), interrupted), /enough/)
    assert.equal(loads, 0)
  })

  it('closes what it opened when a later index fails', async () => {
    const failing: ListedIndex = { ...listed, sha256: '0'.repeat(64), load: () => Promise.reject(new Error('gone')) }
    await assert.rejects(() => openIndexes([listed, failing], storeOf(), session), /gone/)
  })

  it('is scanned while it arrives, with the same table; what arrived and was not the verified file counts for nothing', async () => {
    const arriving = (shown: string): ListedIndex => ({
      ...listed,
      load(_, observe) {
        const verified = verifiedIndexOf(text)
        const bytes = shown === text ? verified.bytes : Buffer.from(shown)
        for (let arrived = 0; arrived < bytes.length; arrived += 777) observe?.(bytes, arrived)
        return Promise.resolve(verified)
      },
    })
    const tableOf = async (index: ListedIndex) => {
      const { indexes, close } = await openIndexes(
        [index],
        new Store({ folder: await mkdtemp(join(folder, 'other-')), clock }),
        session,
      )
      await close()
      return indexes[0]?.table
    }
    const whole = await tableOf(listed)
    assert.deepEqual(await tableOf(arriving(text)), whole)
    assert.deepEqual(await tableOf(arriving(text.replaceAll('package-', 'other-'))), whole)
  })

  it('is let go of before the next large one is loaded, and answers from what was saved', async () => {
    const other = verifiedIndexOf(text.replaceAll('package-', 'other-'))
    const large = { ...listed, sizeBytes: 50_000_000 }
    const next = { ...large, sha256: other.sha256, load: () => Promise.resolve(other) }
    const open = await openIndexes([large, next], storeOf(), session)
    try {
      const [first, second] = open.indexes
      assert.ok(first && second)
      const { bytes } = verifiedIndexOf(text)
      assert.deepEqual(answersOf(universeOf(first)), answersOf(universeOf(indexOf(text))))
      // Parts of what is in memory are views of the whole; parts of a saved text are blocks.
      assert.ok(first.text.read(0, 100).buffer.byteLength < bytes.length)
      assert.equal(second.text.read(0, 100).buffer, other.bytes.buffer)
    } finally {
      await open.close()
    }
  })
})
