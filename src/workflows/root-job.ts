import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessRunner, Session } from '../kernel/index.ts'
import { type AssembleRequest, answerJob, askInNamespace, assembleRoot, type ConfigureHost } from '../rootfs/index.ts'
import { type Emulator, registerEmulator } from '../sandbox/index.ts'
import { Store } from '../store/index.ts'
import { buildInRoot, type PackageBuild } from './build-in-root.ts'
import { type RootProgram, runInRoot } from './run-in-root.ts'

/** What is done in a private copy of a root; plain data. */
export type RootTask =
  | { readonly kind: 'program'; readonly program: RootProgram }
  /** Its outputs are in the store and listed in its private folder afterwards. */
  | { readonly kind: 'build'; readonly program: PackageBuild }

/** What the process in the namespace is told, in a file: its standard input may be the user's. */
interface RootJob {
  readonly assembly: Omit<AssembleRequest, 'store' | 'host'>
  readonly storeFolder: string
  readonly storeLayers: readonly string[]
  readonly task: RootTask
  readonly emulator?: Emulator
  readonly host: Pick<ConfigureHost, 'temporaryFolder' | 'nowSeconds' | 'processor'>
  readonly searchPath: string
}

/**
 * Does the task as root of a user namespace. The root was assembled before, so what was configured is in the store.
 *
 * @returns the exit status of the program
 */
export async function workInNamespace(
  { store, host, ...assembly }: AssembleRequest,
  wanted: { readonly task: RootTask; readonly emulator: Emulator | undefined },
  session: Session,
): Promise<number> {
  const { emulator, task } = wanted
  const { temporaryFolder, nowSeconds, processor, namespace } = host
  const job: RootJob = {
    assembly: { ...assembly, reuse: 'stored' },
    storeFolder: store.folder,
    storeLayers: store.layers,
    task,
    ...(emulator === undefined ? {} : { emulator }),
    host: { temporaryFolder, nowSeconds, processor },
    searchPath: namespace?.searchPath ?? '',
  }
  const path = join(task.program.top, 'job.json')
  writeFileSync(path, JSON.stringify(job), { mode: 0o600 })
  const attached = task.kind === 'program' ? { attached: task.program.attached } : {}
  return (await askInNamespace(host, { arguments: ['root', path], ...attached }, session)).exitStatus
}

/** The other end. @returns the exit status of the program, 0 after a fault */
export async function runRootJob(
  path: string,
  world: { readonly runnerFor: (searchPath: string) => ProcessRunner; readonly now: () => Date },
  send: (line: string) => void,
): Promise<number> {
  let exitStatus = 0
  await answerJob(send, async session => {
    const { task, emulator, ...job } = JSON.parse(readFileSync(path, 'utf8')) as RootJob
    const runner = world.runnerFor(job.searchPath)
    if (emulator !== undefined)
      await registerEmulator(emulator, { folder: join(task.program.top, 'binfmt_misc'), runner }, session)
    const store = new Store({ folder: job.storeFolder, layers: job.storeLayers, clock: { now: world.now } })
    const host: ConfigureHost = { ...job.host, runner, backEnd: task.program.backEnd, namespace: undefined }
    const root = await assembleRoot(
      { ...job.assembly, store, host },
      { ...session, journal: { emit: () => undefined } },
    )
    try {
      if (task.kind === 'build') await buildInRoot(root, task.program, { store, runner, session })
      else exitStatus = await runInRoot(root, task.program, { runner, session })
    } finally {
      await root.close()
    }
  })
  return exitStatus
}
