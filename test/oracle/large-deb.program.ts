/** Downloads one blob into a store, `URL SHA256 BYTES FOLDER`, and prints the most memory it had, in bytes. */
import { writeSync } from 'node:fs'
import { createHttpTransport } from '../../src/adapters/http-transport.ts'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { silentJournal } from '../../src/kernel/index.ts'
import { Store } from '../../src/store/index.ts'
import { createTransfer } from '../../src/transfer/index.ts'

const [, , url = '', sha256 = '', bytes = '', folder = ''] = process.argv
const transport = createHttpTransport()
const store = new Store({ folder, clock: systemClock })
const world = { transport, clock: systemClock, random: () => 0.5, credentialsOf: () => undefined, parallelism: 8 }
const session = { signal: new AbortController().signal, journal: silentJournal }
await createTransfer(world).downloadBlob(url, { sha256, sizeBytes: Number(bytes) }, { store }, session)
await transport.close()
writeSync(1, `${process.resourceUsage().maxRSS * 1024}\n`)
