import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { MergedUsr } from '../dpkg/index.ts'
import {
  encodeUtf8,
  Fault,
  type FaultCode,
  type FaultContext,
  isFault,
  type JournalEvent,
  type ProcessRunner,
  type Session,
  silentJournal,
} from '../kernel/index.ts'
import { type Emulator, registerEmulator, runInUserNamespace, type SandboxBackEnd } from '../sandbox/index.ts'
import { Store } from '../store/index.ts'
import { buildConfigured } from './build-configured.ts'
import type { ConfigureRequest } from './configure-root.ts'
import type { ConfigureInputs } from './configured-record.ts'
import { removeTree } from './remove-tree.ts'
import { type Pack, unpackDeb } from './unpack-deb.ts'

/** What the process in the namespace is told, as JSON on its standard input. */
type ConfigureJob =
  | {
      readonly kind: 'build'
      readonly inputs: ConfigureInputs
      readonly mergedUsr: MergedUsr
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

/** What it answers, a line of JSON each. */
type JobMessage =
  | { readonly kind: 'event'; readonly event: JournalEvent }
  | {
      readonly kind: 'fault'
      readonly fault: {
        readonly code: FaultCode
        readonly message: string
        readonly hint?: string
        readonly context: FaultContext
      }
    }

/** As `buildConfigured`, in a user namespace. @throws {Fault} as there, and as `runInUserNamespace` */
export async function buildInNamespace(
  request: ConfigureRequest & { readonly emulator: Emulator | undefined },
  top: string,
  session: Session,
): Promise<void> {
  const { debs, nativeArchitecture, foreignArchitectures, image, sourceDateEpochSeconds, automatic, host } = request
  const job: ConfigureJob = {
    kind: 'build',
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
    },
    mergedUsr: request.mergedUsr,
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
  await runJob(request, job, session)
}

export async function removeInNamespace(request: ConfigureRequest, folder: string): Promise<void> {
  // Whatever ended the work must not end the cleaning.
  const session = { signal: new AbortController().signal, journal: silentJournal }
  await runJob(request, { kind: 'remove', folder }, session)
}

async function runJob({ host }: ConfigureRequest, job: ConfigureJob, session: Session): Promise<void> {
  const entry = host.namespace
  if (entry === undefined) throw new Fault('INTERNAL', { message: 'there is no way into a user namespace' })
  let open = ''
  let fault: Fault | undefined
  const result = await runInUserNamespace(
    {
      program: entry.program,
      arguments: entry.arguments,
      environment: { PATH: entry.searchPath },
      input: encodeUtf8(JSON.stringify(job)),
      onMessage: bytes => {
        const lines = `${open}${Buffer.from(bytes).toString('utf8')}`.split('\n')
        open = lines.pop() ?? ''
        for (const line of lines) {
          const message = JSON.parse(line) as JobMessage
          if (message.kind === 'event') session.journal.emit(message.event)
          else fault = new Fault(message.fault.code, message.fault)
        }
      },
    },
    host.runner,
    session,
  )
  if (fault !== undefined) throw fault
  if (result.exitStatus === 0) return
  throw new Fault('INTERNAL', {
    message: `the process in the namespace ended with status ${result.exitStatus}`,
    cause: new Error(Buffer.from(result.errorOutput).toString('utf8')),
  })
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
  const say = (message: JobMessage) => send(`${JSON.stringify(message)}\n`)
  const session: Session = {
    signal: new AbortController().signal,
    journal: { emit: event => say({ kind: 'event', event }) },
  }
  try {
    const job = JSON.parse(text) as ConfigureJob
    if (job.kind === 'remove') {
      for (const name of readdirSync(job.folder)) removeTree(join(job.folder, name))
      return
    }
    const { searchPath, backEnd, ...host } = job.host
    const runner = world.runnerFor(searchPath)
    if (job.emulator !== undefined)
      await registerEmulator(job.emulator, { folder: join(job.top, 'binfmt_misc'), runner }, session)
    const store = new Store({ folder: job.storeFolder, layers: job.storeLayers, clock: { now: world.now } })
    const packs: Pack[] = []
    for (const deb of job.inputs.debs) packs.push(await unpackDeb(deb, store, session))
    const scriptHost = { ...host, backEnd, runner }
    const request = { ...job.inputs, packs, mergedUsr: job.mergedUsr, store, host: scriptHost }
    await buildConfigured(request, job.top, session)
  } catch (error) {
    if (!isFault(error)) throw error
    const { code, message, hint, context } = error
    say({ kind: 'fault', fault: { code, message, context, ...(hint === undefined ? {} : { hint }) } })
  }
}
