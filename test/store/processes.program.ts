/**
 * A process that uses a store, for tests with several: `fill FOLDER SEED` puts and reads blobs until it has done all;
 * `hold FOLDER` writes half a blob and an object and waits to be killed; `write FOLDER BYTES` puts one blob and
 * prints the fault it ends in; `claim FOLDER` claims a blob, uses another and waits to be killed.
 */
import { writeSync } from 'node:fs'
import { Fault, type Session, silentJournal } from '../../src/kernel/index.ts'
import { Store } from '../../src/store/index.ts'
import { numberedBlob } from './numbered-blob.ts'

const [, , job, folder = '', parameter = ''] = process.argv
const session: Session = { signal: new AbortController().signal, journal: silentJournal }
const store = new Store({ folder, clock: { now: () => new Date() } })

function print(line: string): void {
  writeSync(1, `${line}\n`)
}

async function fill(seed: number): Promise<void> {
  for (let step = 0; step < 60; step++) {
    const { bytes, blob } = numberedBlob((seed + step * 7) % 30)
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
  const { bytes, blob } = numberedBlob(1000)
  const writer = await store.beginBlob(blob)
  await writer.write(bytes.subarray(0, 40_000))
  await store.putObject({ kind: 'pack', key: 'held' }, async sink => {
    await sink.write(new Uint8Array(2_000_000))
    print('holding')
    await new Promise(resolve => setTimeout(resolve, 60_000))
  })
}

/** Claims a blob, uses another, and goes on running. */
async function claim(): Promise<void> {
  if ((await store.claimBlob(numberedBlob(1000).blob)) === 'held') return print('held')
  await store.check(numberedBlob(1).blob)
  print('claimed')
  await new Promise(resolve => setTimeout(resolve, 60_000))
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
else if (job === 'claim') await claim()
else await write(Number(parameter))
