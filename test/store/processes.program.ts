/**
 * A process that uses a store, for tests with several: `fill FOLDER SEED` puts and reads blobs until it has done all;
 * `hold FOLDER` writes half a blob and an object and waits to be killed; `write FOLDER BYTES` puts one blob and
 * prints the fault it ends in.
 */
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { Fault, type Session, silentJournal } from '../../src/kernel/index.ts'
import { type BlobIdentity, Store } from '../../src/store/index.ts'

const [, , job, folder = '', parameter = ''] = process.argv
const session: Session = { signal: new AbortController().signal, journal: silentJournal }
const store = new Store({ folder, clock: { now: () => new Date() } })

function print(line: string): void {
  writeSync(1, `${line}\n`)
}

function blobNumber(index: number): { readonly bytes: Uint8Array; readonly blob: BlobIdentity } {
  const bytes = Buffer.alloc(50_000 + index, `blob ${index} `)
  return { bytes, blob: { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length } }
}

async function fill(seed: number): Promise<void> {
  for (let step = 0; step < 60; step++) {
    const { bytes, blob } = blobNumber((seed + step * 7) % 30)
    const found = await store.read(blob)
    if (found !== undefined && !Buffer.from(found).equals(bytes)) throw new Error('read other bytes than were put')
    const outcome = await store.put([bytes.subarray(0, 20_000), bytes.subarray(20_000)], blob, session)
    if (outcome.kind !== 'stored') throw new Error(outcome.kind)
    const name = { kind: 'index', key: String(step % 5) }
    const record = await store.readRecord(name)
    if (record !== undefined && new Set(record).size !== 1) throw new Error('read a mixed record')
    await store.putRecord(name, new Uint8Array(100_000).fill(seed))
    if (step === 0) print('begun')
  }
  print('done')
}

async function hold(): Promise<void> {
  const { bytes, blob } = blobNumber(1000)
  const writer = await store.beginBlob(blob)
  await writer.write(bytes.subarray(0, 40_000))
  await store.putObject({ kind: 'pack', key: 'held' }, async sink => {
    await sink.write(new Uint8Array(2_000_000))
    print('holding')
    await new Promise(resolve => setTimeout(resolve, 60_000))
  })
}

async function write(sizeBytes: number): Promise<void> {
  try {
    await store.putBytes(Buffer.alloc(sizeBytes, 'x'), session)
    print('stored')
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    print(JSON.stringify({ code: error.code, message: error.message, exitCode: error.exitCode }))
  }
}

if (job === 'fill') await fill(Number(parameter))
else if (job === 'hold') await hold()
else await write(Number(parameter))
