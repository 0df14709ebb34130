import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessRunner, Session } from '../kernel/index.ts'
import { type AssembleRequest, answerJob, askInNamespace, assembleRoot, type ConfigureHost } from '../rootfs/index.ts'
import { type Emulator, registerEmulator } from '../sandbox/index.ts'
import { Store } from '../store/index.ts'
import { type RootProgram, runInRoot } from './run-in-root.ts'

/** What the process in the namespace is told, in a file: its standard input is the user's. */
interface ShellJob {
  readonly assembly: Omit<AssembleRequest, 'store' | 'host'>
  readonly storeFolder: string
  readonly storeLayers: readonly string[]
  readonly program: RootProgram
  readonly emulator?: Emulator
  readonly host: Pick<ConfigureHost, 'temporaryFolder' | 'nowSeconds' | 'processor'>
  readonly searchPath: string
}

/** As `runInRoot`, as root of a user namespace. The root was assembled before, so what was configured is in the store. */
export async function runInRootOfNamespace(
  { store, host, ...assembly }: AssembleRequest,
  wanted: { readonly program: RootProgram; readonly emulator: Emulator | undefined },
  session: Session,
): Promise<number> {
  const { emulator, program } = wanted
  const { temporaryFolder, nowSeconds, processor, namespace } = host
  const job: ShellJob = {
    assembly: { ...assembly, reuse: 'stored' },
    storeFolder: store.folder,
    storeLayers: store.layers,
    program,
    ...(emulator === undefined ? {} : { emulator }),
    host: { temporaryFolder, nowSeconds, processor },
    searchPath: namespace?.searchPath ?? '',
  }
  const path = join(program.top, 'job.json')
  writeFileSync(path, JSON.stringify(job), { mode: 0o600 })
  const question = { arguments: ['shell', path], attached: program.attached }
  return (await askInNamespace(host, question, session)).exitStatus
}

/** The other end. @returns the exit status of the program, 0 after a fault */
export async function runShellJob(
  path: string,
  world: { readonly runnerFor: (searchPath: string) => ProcessRunner; readonly now: () => Date },
  send: (line: string) => void,
): Promise<number> {
  let exitStatus = 0
  await answerJob(send, async session => {
    const job = JSON.parse(readFileSync(path, 'utf8')) as ShellJob
    const runner = world.runnerFor(job.searchPath)
    if (job.emulator !== undefined)
      await registerEmulator(job.emulator, { folder: join(job.program.top, 'binfmt_misc'), runner }, session)
    const store = new Store({ folder: job.storeFolder, layers: job.storeLayers, clock: { now: world.now } })
    const host: ConfigureHost = { ...job.host, runner, backEnd: job.program.backEnd, namespace: undefined }
    const root = await assembleRoot(
      { ...job.assembly, store, host },
      { ...session, journal: { emit: () => undefined } },
    )
    try {
      exitStatus = await runInRoot(root, job.program, { runner, session })
    } finally {
      await root.close()
    }
  })
  return exitStatus
}
