import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, type Session } from '../kernel/index.ts'
import { findEmulation, removeTree } from '../sandbox/index.ts'
import { buildConfigured, buildTrace, type ScriptHost } from './build-configured.ts'
import { configuredObject, traceRecord } from './configure-inputs.ts'
import { buildInNamespace, removeInNamespace } from './configure-job.ts'
import type { GrowingRootRequest } from './growing-root.ts'
import { readRoot, type StoredRoot } from './root-record.ts'

export interface ConfigureHost extends ScriptHost {
  /** Absolute; the root is built in a closed folder in it. */
  readonly temporaryFolder: string
  /** How to become root of a user namespace; undefined: this process is root, and runs scripts of its own processor only. */
  readonly namespace: NamespaceEntry | undefined
}

/** The program that runs `runConfigureJob` with the job on its standard input. */
export interface NamespaceEntry {
  /** Root enters a namespace where an emulator has to be registered, an ordinary user for every script. */
  readonly entered: 'always' | 'for emulation'
  readonly program: string
  readonly arguments: readonly string[]
  /** PATH of this host, to find the programs of the sandbox in. */
  readonly searchPath: string
}

export interface ConfigureRequest extends GrowingRootRequest {
  readonly host: ConfigureHost
  /** `fresh`: run everything again, whatever the store knows. */
  readonly reuse: 'stored' | 'fresh'
}

export interface ConfiguredRoot {
  readonly root: StoredRoot
  /** Until then the folder in which scripts ran is still being removed: to be awaited at the end of all work. */
  readonly cleared: Promise<void>
}

/**
 * Runs the maintainer scripts of all packages and says what the root is then: unpacked and configured wave by wave, in an order that
 * follows from the set of packages. The result is kept in the store under everything that went in.
 *
 * @throws {Fault} `SCRIPT_FAILED`, `SCRIPT_LIMIT`, `SANDBOX_UNAVAILABLE`, `ROOTFS_CLASH`, `CONFIGURE_UNAVAILABLE` when what scripts need
 *   is not in the root, or the clock stands before SOURCE_DATE_EPOCH
 */
export async function configureRoot(request: ConfigureRequest, session: Session): Promise<ConfiguredRoot> {
  const object = configuredObject(request)
  const known = request.reuse === 'stored' ? await readRoot(object, request.store) : undefined
  if (known !== undefined) {
    session.journal.emit({ kind: 'noted', stage: 'configure', message: 'configured before: taken from the store' })
    return { root: known, cleared: Promise.resolve() }
  }
  const { cleared } = await runBuild(request, 'build', session)
  const made = await readRoot(object, request.store)
  if (made !== undefined) return { root: made, cleared }
  await cleared
  throw new Fault('INTERNAL', { message: 'the configured root is not in the store' })
}

/**
 * Which script made or changed a path last, by path: the scripts run once more, one by one, unless the store knows it. The paths are those of
 * the root before it is sealed.
 *
 * @throws {Fault} as `configureRoot`
 */
export async function traceScripts(request: ConfigureRequest, session: Session): Promise<ReadonlyMap<string, string>> {
  const read = () => request.store.readRecord(traceRecord(request))
  let record = await read()
  if (record === undefined) {
    const { cleared } = await runBuild(request, 'trace', session)
    await cleared
    record = await read()
  }
  const makers = record === undefined ? [] : (JSON.parse(Buffer.from(record).toString('utf8')) as [string, string][])
  return new Map(makers)
}

async function runBuild(
  request: ConfigureRequest,
  kind: 'build' | 'trace',
  session: Session,
): Promise<Pick<ConfiguredRoot, 'cleared'>> {
  const emulation = await findEmulation({
    architecture: request.nativeArchitecture,
    processor: request.host.processor,
    runner: request.host.runner,
  })
  const emulator = emulation.kind === 'private' ? emulation.emulator : undefined
  if (emulator !== undefined)
    session.journal.emit({
      kind: 'noted',
      stage: 'configure',
      message: `${emulator.program} runs what scripts of ${request.nativeArchitecture} start`,
    })
  const top = mkdtempSync(join(request.host.temporaryFolder, 'aptroot-root-'))
  try {
    if (emulator !== undefined || request.host.namespace?.entered === 'always') {
      // It has no part in what this process knows but the store.
      await request.coming.bring(request.packs)
      await buildInNamespace({ ...request, emulator, kind }, top, session)
    } else await (kind === 'trace' ? buildTrace : buildConfigured)(request, top, session)
  } catch (error) {
    await removeStaging(request.host, top)
    throw error
  }
  const cleared = clearBeside(request.host, top)
  // Whoever waits for it gets the error; until then it must not end the process.
  cleared.catch(() => undefined)
  return { cleared }
}

/** As `removeStaging`, in a process of its own where there is rm: ten thousand files take 0.2 s, and a tar is written meanwhile. */
async function clearBeside(host: ConfigureHost, top: string): Promise<void> {
  const program = await host.runner.find('rm')
  if (program !== undefined)
    // Whatever it leaves, for whatever reason, is removed below.
    await (host.launcher ?? host.runner).run({
      program,
      arguments: ['-rf', '--', top],
      environment: { LC_ALL: 'C' },
      workingFolder: '/',
      signal: new AbortController().signal,
    })
  await removeStaging(host, top)
}

/** Also after an interruption. What belongs to subordinate ids can be removed from inside a namespace only. */
export async function removeStaging(host: ConfigureHost, top: string): Promise<void> {
  try {
    removeTree(top)
  } catch (error) {
    if (host.namespace === undefined) throw error
    await removeInNamespace(host, top)
    removeTree(top)
  }
}
