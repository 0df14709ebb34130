/** `FOLDER OVERLAY`: assembles the sample debs with a store and outputs below FOLDER and prints the digests of tree and tar. */
import { createHash } from 'node:crypto'
import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createProcessRunner } from '../../src/adapters/process-runner.ts'
import { emitOutputs } from '../../src/image/index.ts'
import { type Session, silentJournal } from '../../src/kernel/index.ts'
import { assembleRoot, type DebIdentity } from '../../src/rootfs/index.ts'
import { Store } from '../../src/store/index.ts'
import { configureHost, plainImage } from '../support/configure-host.ts'
import { buildDeb, controlFields } from '../support/deb-builder.ts'
import { overlaySource } from '../support/overlay-sources.ts'
import { debs, epoch } from './sample-debs.ts'

const [, , folder = '', overlay = ''] = process.argv
const session: Session = { signal: new AbortController().signal, journal: silentJournal }
const store = new Store({ folder: join(folder, 'store'), clock: { now: () => new Date() } })
const locked: DebIdentity[] = []
for (const description of debs) {
  const { Package = '', Version = '', Architecture = '' } = controlFields(description)
  const blob = await store.putBytes(buildDeb(description), session)
  locked.push({ name: Package, version: Version, architecture: Architecture, ...blob })
}
const root = await assembleRoot(
  {
    debs: locked,
    nativeArchitecture: 'amd64',
    foreignArchitectures: [],
    image: { configure: 'none', excludePaths: [], mergedUsr: undefined },
    files: [overlaySource(overlay, '/srv')],
    sourceDateEpochSeconds: epoch,
    store,
    host: configureHost(),
    automatic: [],
    customisation: plainImage,
    reuse: 'stored',
  },
  session,
)
const path = join(folder, 'rootfs.tar')
const outputs = [{ format: 'tar' as const, path, name: 'rootfs.tar' }]
const runner = createProcessRunner({ searchPath: '', maximumOutputBytes: 1024 })
const facts = { digest: root.digest, architecture: 'amd64', sourceDateEpochSeconds: epoch }
await emitOutputs({ root, facts, outputs, ownership: 'caller', runner }, session)
await root.close()
writeSync(1, `${root.digest} ${createHash('sha256').update(readFileSync(path)).digest('hex')}\n`)
