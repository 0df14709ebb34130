import { join } from 'node:path'
import { byteStringOf, displayByteString } from '../codec/index.ts'
import {
  checkInstances,
  contentWarnings,
  type PackageFacts,
  planWaves,
  readPackageFacts,
  type Wave,
} from '../dpkg/index.ts'
import { encodeUtf8, Fault, type ProcessRunner, type Session } from '../kernel/index.ts'
import { defaultLimits, openSandbox, type SandboxBackEnd } from '../sandbox/index.ts'
import { captureTree, defaultCaptureLimits, volatileFolders } from './capture-tree.ts'
import { type CheckpointRequest, Checkpoints } from './checkpoints.ts'
import { configuredObject, traceRecord } from './configure-inputs.ts'
import { answerDebconf, createFixedIds, customiseRoot, requireRemovable, type Workplace } from './customise-root.ts'
import { readFileCapabilities } from './file-capabilities.ts'
import { finishApt } from './finish-apt.ts'
import { GrowingRoot } from './growing-root.ts'
import { normaliseFiles } from './normalise-files.ts'
import { contentsOf, writePackManifest } from './pack-file.ts'
import { procReaders } from './proc-readers.ts'
import { encodeRoot } from './root-record.ts'
import { ScriptRunner } from './run-dpkg.ts'
import { ScriptTrace } from './script-trace.ts'
import { standInsFor } from './stand-ins.ts'

/** How scripts are run on this host: changes neither bytes nor keys. */
export interface ScriptHost {
  readonly runner: ProcessRunner
  /** See `SandboxRequest`; default: the runner. */
  readonly launcher?: ProcessRunner
  /** undefined: the strongest that works here. */
  readonly backEnd: SandboxBackEnd | undefined
  /** Seconds since 1970. */
  readonly nowSeconds: number
  /** Node's `process.arch`. */
  readonly processor: string
}

export interface BuildRequest extends CheckpointRequest {
  readonly host: ScriptHost
}

/**
 * Unpacks and configures all packages in a folder and keeps the result in the store. This process is root, of the machine or of a user
 * namespace.
 *
 * @param top an empty folder that nobody else can enter; what is left in it is the caller's to remove
 * @throws {Fault} as `configureRoot`
 */
export async function buildConfigured(request: BuildRequest, top: string, session: Session): Promise<void> {
  const { place, checkpoints } = await runScripts(request, { top, purpose: 'root' }, session)
  await keepConfigured(request, place, checkpoints, session)
  await checkpoints.noteOrder()
}

/**
 * Runs the same scripts, all and one by one, and keeps in the store which of them changed what last.
 *
 * @throws {Fault} as `configureRoot`
 */
export async function buildTrace(request: BuildRequest, top: string, session: Session): Promise<void> {
  const whole = { ...request, reuse: 'fresh' } as const
  const { place, trace } = await runScripts(whole, { top, purpose: 'trace' }, session)
  const isFolderOfPackage = (path: string) => place.root.merge.tree.at(path)?.kind === 'directory'
  const makers = trace?.makers(isFolderOfPackage) ?? new Map<string, string>()
  await request.store.putRecord(traceRecord(request), encodeUtf8(JSON.stringify([...makers])))
}

interface FinishedRoot {
  readonly place: Workplace
  readonly checkpoints: Checkpoints
  readonly trace: ScriptTrace | undefined
}

/** Until nothing is left to be run. */
async function runScripts(
  request: BuildRequest,
  { top, purpose }: { readonly top: string; readonly purpose: 'root' | 'trace' },
  session: Session,
): Promise<FinishedRoot> {
  requireClock(request)
  const facts = request.packs.map(pack => readPackageFacts(pack.deb))
  checkInstances(facts)
  requireRemovable(request.customisation.removedPackages, facts)
  const waves = planWaves(facts, request.nativeArchitecture)
  const checkpoints = new Checkpoints(request, waves)
  const root = new GrowingRoot(request, join(top, 'root'))
  const base = waves[0]?.packages ?? []
  root.prefer(waves.flatMap(({ packages }) => packages))
  await root.bring(base)
  requireEssential(base, facts)
  const trace = purpose === 'trace' ? new ScriptTrace(root.staging) : undefined
  const place = await configureWaves(request, { root, waves, checkpoints, facts, trace }, session)
  await place.scripts.finish(session)
  await finishApt(request, place, session)
  await customiseRoot(request, place, session)
  return { place, checkpoints, trace }
}

interface Plan {
  readonly root: GrowingRoot
  readonly waves: readonly Wave[]
  readonly checkpoints: Checkpoints
  readonly facts: readonly PackageFacts[]
  readonly trace: ScriptTrace | undefined
}

/** Wave by wave, from the latest checkpoint on. */
async function configureWaves(request: BuildRequest, plan: Plan, session: Session): Promise<Workplace> {
  const { root, waves, checkpoints } = plan
  const known = await checkpoints.find()
  const before = waves.slice(0, known).reduce((sum, { packages }) => sum + packages.length, 0)
  session.journal.emit({ kind: 'planned', stage: 'configure', items: plan.facts.length - before })
  if (checkpoints.latest !== undefined) {
    const message = `${before} packages configured before: taken from the store`
    session.journal.emit({ kind: 'noted', stage: 'configure', message })
    await root.restore(waves.slice(0, known), checkpoints.latest, session)
  } else {
    await root.unpack(waves[0]?.packages ?? [], session)
  }
  const scripts = await openScripts(request, plan, session)
  root.putStandIns(standInsFor(scripts.backEnd))
  const place = { root, scripts }
  const readAttributes = () => readCapabilities(root, scripts, session)
  for (const [at, { packages }] of waves.entries()) {
    if (at < known) continue
    if (at === 0) await runBasePreinsts(request, packages, place, session)
    else {
      await runPreinsts(packages, scripts, session)
      await root.unpack(packages, session)
    }
    await scripts.configure(packages, session)
    if (at === 0) await answerDebconf(request, place, session)
    await checkpoints.keep(at + 1, { root, readAttributes }, session)
  }
  return place
}

async function keepConfigured(
  request: BuildRequest,
  { root, scripts }: Workplace,
  checkpoints: Checkpoints,
  session: Session,
): Promise<void> {
  const extendedAttributes = await readCapabilities(root, scripts, session)
  await root.takeStandInsAway(session)
  normaliseFiles(root.staging, request.sourceDateEpochSeconds)
  const base = checkpoints.latest
  const known = contentsOf([...request.packs, ...(base?.packs ?? [])])
  await request.store.putObject(configuredObject(request), async sink => {
    const { tree, places, left } = await captureTree(
      {
        staging: root.staging,
        volatile: root.below(volatileFolders),
        isKnown: sha256 => known.has(sha256),
        sink,
        extendedAttributes,
        limits: defaultCaptureLimits,
      },
      session,
    )
    const sockets = left.map(path => `${displayByteString(`/${path}`)} is a socket, which no image can hold`)
    const warnings = [...contentWarnings(root.merge).map(each => each.message), ...sockets]
    await writePackManifest(sink, encodeRoot({ tree, warnings, states: [] }, places, base))
  })
}

/** Files would get times before those of their packages, and dpkg of the image would take the past for the future. */
function requireClock({ host, sourceDateEpochSeconds }: BuildRequest): void {
  if (host.nowSeconds >= sourceDateEpochSeconds) return
  const shown = new Date(sourceDateEpochSeconds * 1000).toISOString()
  throw new Fault('CONFIGURE_UNAVAILABLE', {
    message: `the clock of this machine stands before ${shown}, the time of the image`,
    hint: 'Set the clock, or `image.source-date-epoch` in the manifest.',
    context: { sourceDateEpoch: sourceDateEpochSeconds },
  })
}

/** What every maintainer script may use without a relation (Debian Policy 3.8), as far as a set of packages shows. */
const neededByScripts = ['bin/sh', 'usr/bin/dpkg', 'usr/bin/perl', 'bin/sed', 'bin/tar']

function requireEssential(base: readonly PackageFacts[], facts: readonly PackageFacts[]): void {
  const brought = new Set(base.flatMap(({ deb }) => deb.entries.map(({ path }) => path)))
  // Before or after the /usr merge.
  const absent = neededByScripts.filter(path => !brought.has(path) && !brought.has(`usr/${path}`))
  if (absent.length === 0) return
  const names = facts.filter(each => each.controlFiles.has('postinst')).map(each => each.name)
  throw new Fault('CONFIGURE_UNAVAILABLE', {
    message: `maintainer scripts need the essential packages, but no package brings /${absent.join(', /')}`,
    hint: 'Set `base: essential` in the manifest, or `image: {configure: none}` to run no script.',
    context: { missing: absent.map(path => `/${path}`), packages: names },
  })
}

async function openScripts(
  request: BuildRequest,
  { root, facts, trace }: Pick<Plan, 'root' | 'facts' | 'trace'>,
  session: Session,
): Promise<ScriptRunner> {
  const { host, sourceDateEpochSeconds } = request
  const sandbox = await openSandbox(
    {
      rootFolder: root.staging.folder,
      backEnd: host.backEnd,
      sourceDateEpochSeconds,
      limits: defaultLimits,
      runner: host.runner,
      launcher: host.launcher,
      processor: host.processor,
    },
    session,
  )
  if (sandbox.weaknesses.length > 0)
    session.journal.emit({
      kind: 'warned',
      stage: 'configure',
      message: `scripts run in a ${sandbox.backEnd} only, which cannot ${sandbox.weaknesses.join(', ')}`,
      hint: 'Build where bubblewrap can make namespaces; `aptroot doctor` says what is missing.',
    })
  const readers = sandbox.backEnd === 'chroot' ? procReaders(facts.map(each => each.deb)) : []
  if (readers.length > 0)
    session.journal.emit({
      kind: 'warned',
      stage: 'configure',
      message: `scripts of ${readers.join(', ')} ask for /proc, of which a chroot has little: they may fail, or leave other bytes`,
      hint: 'Build these packages where bubblewrap can make namespaces, or compare with `--expect DIGEST`.',
    })
  const dpkg = facts.find(each => each.name === 'dpkg')
  return new ScriptRunner(sandbox, root.staging, dpkg?.deb.version ?? '', trace)
}

/** base-passwd comes first, and makes the users and groups that all systems have. */
async function runBasePreinsts(
  request: BuildRequest,
  packages: readonly PackageFacts[],
  { root, scripts }: Workplace,
  session: Session,
): Promise<void> {
  const first = packages.filter(each => each.name === 'base-passwd')
  await runPreinsts(first, scripts, session)
  createFixedIds(request, root.staging)
  const others = packages.filter(each => !first.includes(each))
  await runPreinsts(others, scripts, session)
}

async function runPreinsts(packages: readonly PackageFacts[], scripts: ScriptRunner, session: Session): Promise<void> {
  for (const each of packages) if (each.controlFiles.has('preinst')) await scripts.preinst(each, session)
}

/** Node reads no extended attributes; whoever sets a capability has the program that lists them. */
async function readCapabilities(root: GrowingRoot, scripts: ScriptRunner, session: Session) {
  const path = ['usr/sbin/getcap', 'sbin/getcap'].find(each => root.hasFile(each))
  if (path === undefined) return new Map<string, ReadonlyMap<string, Uint8Array>>()
  const result = await scripts.program(`/${path}`, ['-r', '/'], undefined, session)
  return readFileCapabilities(byteStringOf(result.output))
}
