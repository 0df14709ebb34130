import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { MergedUsr } from '../dpkg/index.ts'
import { encodeUtf8, Fault, type ProcessRunner, type Session, silentJournal } from '../kernel/index.ts'
import { type Emulator, registerEmulator, removeTree, type SandboxBackEnd } from '../sandbox/index.ts'
import { Store } from '../store/index.ts'
import { buildConfigured, buildTrace } from './build-configured.ts'
import { wholePacks } from './coming-packs.ts'
import type { ConfigureInputs } from './configure-inputs.ts'
import type { ConfigureHost, ConfigureRequest } from './configure-root.ts'
import { answerJob, askInNamespace } from './namespace-job.ts'
import { type Pack, unpackDeb } from './unpack-deb.ts'

/** What the process in the namespace is told, as JSON on its standard input. */
type ConfigureJob =
  | {
      readonly kind: 'build' | 'trace'
      readonly inputs: ConfigureInputs
      readonly mergedUsr: MergedUsr
      readonly reuse: ConfigureRequest['reuse']
      readonly storeFolder: string
      readonly storeLayers: readonly string[]
      readonly top: string
      readonly host: {
        readonly backEnd?: SandboxBackEnd
        readonly nowSeconds: number
        readonly processor: string
        readonly searchPath: string
      }
      readonly emulator?: Emulator
    }
  | { readonly kind: 'remove'; readonly folder: string }

/** As `buildConfigured` or `buildTrace`, in a user namespace. @throws {Fault} as there, and as `runInUserNamespace` */
export async function buildInNamespace(
  request: ConfigureRequest & { readonly emulator: Emulator | undefined; readonly kind: 'build' | 'trace' },
  top: string,
  session: Session,
): Promise<void> {
  const {
    debs,
    nativeArchitecture,
    foreignArchitectures,
    image,
    sourceDateEpochSeconds,
    automatic,
    host,
    customisation,
  } = request
  const job: ConfigureJob = {
    kind: request.kind,
    inputs: {
      debs: debs.map(({ name, version, architecture, sha256, sizeBytes }) => ({
        name,
        version,
        architecture,
        sha256,
        sizeBytes,
      })),
      nativeArchitecture,
      foreignArchitectures,
      image,
      sourceDateEpochSeconds,
      automatic,
      customisation,
    },
    mergedUsr: request.mergedUsr,
    reuse: request.reuse,
    storeFolder: request.store.folder,
    storeLayers: request.store.layers,
    top,
    host: {
      ...(host.backEnd === undefined ? {} : { backEnd: host.backEnd }),
      nowSeconds: host.nowSeconds,
      processor: host.processor,
      searchPath: host.namespace?.searchPath ?? '',
    },
    ...(request.emulator === undefined ? {} : { emulator: request.emulator }),
  }
  await runJob(request.host, job, session)
}

async function runJob(host: ConfigureHost, job: ConfigureJob, session: Session): Promise<void> {
  const result = await askInNamespace(host, { input: encodeUtf8(JSON.stringify(job)) }, session)
  if (result.exitStatus === 0) return
  throw new Fault('INTERNAL', {
    message: `the process in the namespace ended with status ${result.exitStatus}`,
    cause: new Error(Buffer.from(result.errorOutput).toString('utf8')),
  })
}

export async function removeInNamespace(host: ConfigureHost, folder: string): Promise<void> {
  // Whatever ended the work must not end the cleaning.
  const session = { signal: new AbortController().signal, journal: silentJournal }
  await runJob(host, { kind: 'remove', folder }, session)
}

/**
 * The other end: does what a job says, inside the namespace.
 *
 * @param send gets the lines of the answer
 */
export async function runConfigureJob(
  text: string,
  world: { readonly runnerFor: (searchPath: string) => ProcessRunner; readonly now: () => Date },
  send: (line: string) => void,
): Promise<void> {
  await answerJob(send, async session => {
    const job = JSON.parse(text) as ConfigureJob
    if (job.kind === 'remove') {
      for (const name of readdirSync(job.folder)) removeTree(join(job.folder, name))
      return
    }
    const runner = world.runnerFor(job.host.searchPath)
    const launcher = runner.openLauncher?.(job.top)
    launcher?.start()
    try {
      await buildJob(job, { runner, launcher, now: world.now }, session)
    } finally {
      await launcher?.close()
    }
  })
}

async function buildJob(
  job: Exclude<ConfigureJob, { readonly kind: 'remove' }>,
  {
    runner,
    launcher,
    now,
  }: { readonly runner: ProcessRunner; readonly launcher: ProcessRunner | undefined; readonly now: () => Date },
  session: Session,
): Promise<void> {
  const { searchPath: _, backEnd, ...host } = job.host
  if (job.emulator !== undefined)
    await registerEmulator(job.emulator, { folder: join(job.top, 'binfmt_misc'), runner }, session)
  const store = new Store({ folder: job.storeFolder, layers: job.storeLayers, clock: { now } })
  const packs: Pack[] = []
  for (const deb of job.inputs.debs) packs.push(await unpackDeb(deb, store, session))
  const scriptHost = { ...host, backEnd, runner, ...(launcher === undefined ? {} : { launcher }) }
  const { inputs, mergedUsr, reuse } = job
  const coming = wholePacks(packs)
  const request = { ...inputs, packs, coming, mergedUsr, reuse, store, host: scriptHost }
  await (job.kind === 'trace' ? buildTrace : buildConfigured)(request, job.top, session)
}
