import { join, resolve } from 'node:path'
import { Fault, printable, type Session } from '../kernel/index.ts'
import type { BuildOutput, BuildRecord, InputChange, InputSummary } from '../package-build/index.ts'
import type { AssembleRequest } from '../rootfs/index.ts'
import type { SandboxBackEnd } from '../sandbox/index.ts'
import type { Store } from '../store/index.ts'
import { askPackageRevision, rememberedRevision } from './ask-package-revision.ts'
import { bringDebs } from './bring-debs.ts'
import { checkDebs, differencesOf } from './check-package-outputs.ts'
import { configureHostOf } from './configure-host.ts'
import { withRootCopy } from './copy-root.ts'
import { openSigner } from './open-repository.ts'
import { findInCaches, writeToCache } from './package-caches.ts'
import { changesSince, findRecord, keepInputs, keepRecord } from './package-records.ts'
import { type PackagePlan, planPackage } from './plan-package.ts'
import { openRoots, planRoots } from './plan-roots.ts'
import { type PackageProject, readSources } from './read-package.ts'
import { openStore, type Site } from './site.ts'
import type { World } from './world.ts'

export interface BuildPackageRequest {
  readonly project: PackageProject
  readonly site: Site
  /** Roots of the build root by name or native architecture; undefined: what the description says. */
  readonly architectures: readonly string[] | undefined
  /** What isolates the build; undefined: the strongest that works here. */
  readonly sandbox: SandboxBackEnd | undefined
  /** How many things the build may do at a time. Changes speed, never bytes. */
  readonly jobs: number
  /** `compare`: build again, whatever is known, and compare. `dry-run`: only tell what would be done. */
  readonly mode: 'build' | 'compare' | 'dry-run'
  /** Where results are put for others, signed; as the user wrote them. */
  readonly cacheTo: { readonly folder: string; readonly signWith: string | undefined } | undefined
}

export interface PackageBuildResult {
  readonly architecture: string
  /** sha256 of all inputs; a revision is none of them. */
  readonly key: string
  /** What the debs are called; undefined in a dry run that cannot know the revision. */
  readonly version: string | undefined
  readonly built: boolean
  /** Where the outputs come from: `build`, `store`, or the cache. In a dry run where they would come from; caches are not asked then. */
  readonly from: string
  readonly inputs: readonly InputSummary[]
  /** Since the last build of this package; undefined when none is known here. */
  readonly changes: readonly InputChange[] | undefined
  readonly outputs: readonly BuildOutput[]
}

export interface BuiltPackage {
  readonly package: string
  /** Of the sources. */
  readonly version: string
  readonly outputFolder: string
  readonly builds: readonly PackageBuildResult[]
}

/**
 * Builds a package in the sandbox, without a network, in the root of a lock; or takes what an earlier build of the very same inputs gave.
 *
 * @throws {Fault} `BUILD_DIFFERS` when a second build of the same inputs gives other bytes; as `openRoots`, `readSources`,
 *   `askPackageRevision`, `assembleRoot`, `buildInRoot`, `checkDebs`, and when outputs cannot be written
 */
export async function buildPackage(
  request: BuildPackageRequest,
  session: Session,
  world: World,
): Promise<BuiltPackage> {
  const { project, site } = request
  const { description } = project
  const opened = await openRoots(project.root, request.architectures ?? description.architectures, world)
  const planned = await planRoots(opened, site, session)
  const store = openStore(site, world)
  const facts = await readSources(project, store, session)
  const surroundings: Surroundings = { request, store, session, world }
  const builds: PackageBuildResult[] = []
  for (const root of planned.roots) {
    const turn = root.root === opened.manifest.architectures[0] ? 'first' : 'further'
    const plan = await planPackage({ description, facts, manifest: opened.manifest, root, turn }, store, session)
    builds.push(await provide(plan, surroundings))
  }
  requireOneEach(builds)
  const { output } = project
  if (request.mode !== 'dry-run')
    await writeOutputs({ ...output, outputs: builds.flatMap(each => each.outputs) }, store, session)
  return { package: facts.name, version: facts.version, outputFolder: output.name, builds }
}

interface Surroundings {
  readonly request: BuildPackageRequest
  readonly store: Store
  readonly session: Session
  readonly world: World
}

/** One architecture. */
async function provide(plan: PackagePlan, surroundings: Surroundings): Promise<PackageBuildResult> {
  const { request, store, session } = surroundings
  const { key, inputs, summary, packageName, architecture } = plan
  const last = { packageName, architecture }
  const changes = await changesSince(last, inputs, store)
  const told = { architecture, key, inputs: summary, changes }
  if (request.mode === 'dry-run') return { ...told, ...(await foresee(plan, surroundings)), built: false }
  const version = await versionOf(plan, surroundings)
  const wanted = { key, version }
  const known = await findRecord(wanted, store, session)
  if (request.mode === 'build') {
    const found =
      known === undefined
        ? await findInCaches(wanted, cachesOf(request.site), { ...surroundings, site: request.site })
        : { record: known, from: 'store' }
    if (found !== undefined) {
      if (found.from !== 'store') await keepRecord(found.record, store)
      await share(found.record, surroundings)
      await keepInputs(last, inputs, { store, session })
      const { record, from } = found
      session.journal.emit({
        kind: 'noted',
        stage: 'build',
        message: `${packageName} ${version} of ${architecture} was built before: taken from ${from === 'store' ? 'the store' : from}`,
      })
      return { ...told, version, built: false, from, outputs: record.outputs }
    }
  }
  const name = `${packageName} ${version}`
  session.journal.emit({ kind: 'started', stage: 'build', name })
  const outputs = await build({ plan, version, name }, surroundings)
  await checkDebs(outputs, { version: plan.template === undefined ? undefined : version, store, session })
  session.journal.emit({ kind: 'finished', stage: 'build', name, detail: `${outputs.length} outputs` })
  const record: BuildRecord = { key, packageName, version, architecture, outputs }
  if (known !== undefined) await requireSame({ name, architecture, known, outputs }, store)
  // Of two builds with the same debs the first stays: whoever has its .buildinfo finds it again.
  const kept = known ?? record
  await keepRecord(kept, store)
  await share(kept, surroundings)
  await keepInputs(last, inputs, { store, session })
  return { ...told, version, built: true, from: 'build', outputs: kept.outputs }
}

async function foresee(plan: PackagePlan, { store, session }: Surroundings) {
  const revision = plan.template === undefined ? '' : await rememberedRevision(plan.key, store)
  if (revision === undefined) return { version: undefined, from: 'build', outputs: [] }
  const version = plan.versionWith(revision)
  const record = await findRecord({ key: plan.key, version }, store, session)
  return { version, from: record === undefined ? 'build' : 'store', outputs: record?.outputs ?? [] }
}

async function versionOf(plan: PackagePlan, { request, store, session, world }: Surroundings): Promise<string> {
  if (plan.template === undefined) return plan.versionWith('')
  const { packageName, version, architecture, key: checksum } = plan
  const place = { site: request.site, store, session, world }
  return plan.versionWith(await askPackageRevision({ packageName, version, architecture, checksum }, place))
}

interface WantedBuild {
  readonly plan: PackagePlan
  readonly version: string
  /** For messages. */
  readonly name: string
}

async function build({ plan, version, name }: WantedBuild, { request, store, session, world }: Surroundings) {
  const { root, manifest } = plan
  const { project, site, sandbox, jobs } = request
  const wanted = { project: project.root, site, manifest, debs: root.debs, store, wanted: 'packs' } as const
  const { unpacking } = await bringDebs(wanted, session, world)
  const { assembleRoot } = await import('../rootfs/index.ts')
  const assembly: AssembleRequest = { ...root.assembly, store, host: configureHostOf(world, sandbox), reuse: 'stored' }
  // Else the same debs would be taken apart here as well.
  const awaited = unpacking === undefined ? assembly : { ...assembly, unpacking }
  const assembled = await assembleRoot(awaited, session).finally(() => unpacking?.close())
  try {
    for (const warning of assembled.warnings) session.journal.emit({ kind: 'warned', stage: 'assemble', ...warning })
    const sources = await plan.sourcesFor(version)
    return await withRootCopy(assembly, plan.sourceDateEpochSeconds, async copy => {
      const program = {
        ...copy.place,
        name,
        sources: [...sources],
        sourceFolder: plan.sourceFolder,
        command: plan.command,
        environment: plan.environmentOf(version, jobs),
        outputs: plan.outputs,
      }
      const { buildInRoot, readOutputs } = await import('./build-in-root.ts')
      if (copy.kind === 'here')
        return await buildInRoot(assembled, program, { store, runner: world.processRunner, session })
      const { workInNamespace } = await import('./root-job.ts')
      await workInNamespace(assembly, { task: { kind: 'build', program }, emulator: copy.emulator }, session)
      return readOutputs(copy.place)
    })
  } finally {
    await assembled.close()
  }
}

async function requireSame(
  two: {
    readonly name: string
    readonly architecture: string
    readonly known: BuildRecord
    readonly outputs: readonly BuildOutput[]
  },
  store: Store,
): Promise<void> {
  const lines = (await differencesOf(two.known.outputs, two.outputs, store)).map(printable)
  const [first] = lines
  if (first === undefined) return
  throw new Fault('BUILD_DIFFERS', {
    message: `two builds of ${two.name} for ${two.architecture} from the same inputs differ in ${lines.length === 1 ? 'one output' : `${lines.length} outputs`}: ${first}`,
    hint: 'See all of them with --json. Correct the package, whose build depends on more than its inputs; the earlier outputs stay.',
    context: { package: two.name, architecture: two.architecture, outputs: lines },
  })
}

/** For others. */
async function share(record: BuildRecord, { request, store, session, world }: Surroundings): Promise<void> {
  const { cacheTo } = request
  if (cacheTo === undefined) return
  const signer = await openSigner(cacheTo.signWith, session, world)
  const place = { folder: resolve(world.workingFolder, cacheTo.folder), name: cacheTo.folder, signer }
  await writeToCache(record, place, { store, session, world })
}

function cachesOf({ packageCaches }: Site) {
  return packageCaches ?? { places: [], keyFiles: [] }
}

/** Outputs of all architectures go into one folder. */
function requireOneEach(builds: readonly PackageBuildResult[]): void {
  const first = new Map<string, { readonly architecture: string; readonly sha256: string }>()
  for (const { architecture, outputs } of builds)
    for (const { name, sha256 } of outputs) {
      const other = first.get(name)
      if (other !== undefined && other.sha256 !== sha256)
        throw new Fault('PACKAGE_OUTPUT_INVALID', {
          message: `${name} is another one for ${other.architecture} than for ${architecture}`,
          hint: 'Let one architecture build what is for all of them: `dpkg-buildpackage -B` leaves it out.',
          context: { output: name },
        })
      first.set(name, { architecture, sha256 })
    }
}

async function writeOutputs(
  wanted: { readonly folder: string; readonly name: string; readonly outputs: readonly BuildOutput[] },
  store: Store,
  session: Session,
): Promise<void> {
  const { replaceFile } = await import('../image/whole-file.ts')
  // What names others by their digests comes after them.
  const isList = ({ name }: BuildOutput) => (name.endsWith('.changes') ? 2 : name.endsWith('.buildinfo') ? 1 : 0)
  for (const output of [...wanted.outputs].sort((left, right) => isList(left) - isList(right))) {
    const target = { path: join(wanted.folder, output.name), name: join(wanted.name, output.name) }
    await replaceFile(target, store.stream(output), session)
  }
}
