import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WantedOutput } from '../image/index.ts'
import { encodeUtf8, type JournalEvent, type Session } from '../kernel/index.ts'
import type { AssembleRequest } from '../rootfs/index.ts'
import type { ObjectName, Store } from '../store/index.ts'
import type { InstalledRoot } from './install-lock.ts'
import { readProgramVersion } from './program-version.ts'
import type { World } from './world.ts'

/** Raise it with every change of the JSON below, or of what an output is made of beside what `installKey` names. */
const recordVersion = 1

/** What a run built and wrote, and how the outputs looked right afterwards. */
export interface InstalledRecord {
  readonly roots: readonly InstalledRoot[]
  readonly warnings: readonly JournalEvent[]
  readonly signatures: readonly (readonly [path: string, signature: string])[]
}

/** Everything that decides what a run writes. */
export interface InstallInputs {
  readonly roots: readonly {
    readonly name: string
    readonly assembly: Omit<AssembleRequest, 'store' | 'host' | 'reuse'>
    readonly outputs: readonly WantedOutput[]
  }[]
  readonly sandbox: string | undefined
  readonly ownership: string
}

/**
 * The name of the record of a run: a digest of the locked debs, the image section with the contents of the files and scripts that it names,
 * architectures, outputs and this program.
 *
 * @throws {Fault} as `overlayFiles`
 */
export async function installedObject(
  inputs: InstallInputs,
  store: Store,
  place: { readonly session: Session; readonly world: World },
): Promise<ObjectName> {
  const described = []
  for (const { name, assembly, outputs } of inputs.roots)
    described.push({ name, ...(await describeAssembly(assembly, store, place.session)), outputs })
  const { sandbox, ownership } = inputs
  const text = JSON.stringify(
    { recordVersion, program: await programOf(place.world), described, sandbox, ownership },
    plainly,
  )
  return { kind: 'installed', key: createHash('sha256').update(text).digest('hex') }
}

/** What decides the bytes of a root, as plain values for `plainly`. @throws {Fault} as `overlayFiles` */
export async function describeAssembly(
  assembly: InstallInputs['roots'][number]['assembly'],
  store: Store,
  session: Session,
) {
  const { overlayFiles } = await import('../rootfs/overlay.ts')
  const { files, customisation, ...plain } = assembly
  const { sourceDateEpochSeconds: modifiedSeconds } = plain
  // Laid over nothing: contents, kinds and modes of what the project brings, whatever packages have there.
  const overlay = { files, made: customisation.made, modifiedSeconds, store, tree: new Map() }
  const { tree, named } = await overlayFiles(overlay, session)
  return { plain, customisation, targets: files.map(file => file.target), brought: [...tree], named }
}

/** For JSON.stringify, since JSON has neither maps nor bytes. */
export function plainly(_name: string, value: unknown): unknown {
  if (value instanceof Map) return [...value]
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

/** The version, and, of what was bundled, the file that names all parts by their digests: two builds of a version can differ. */
async function programOf(world: World): Promise<string> {
  const command = join(world.packageFolder, 'dist/commands/lock/install.js')
  const bundled = await readFile(command).catch(() => new Uint8Array())
  return `${await readProgramVersion(world)} ${createHash('sha256').update(bundled).digest('hex')}`
}

/** @returns the record of a run with the same inputs, when each output is as that run left it */
export async function findInstalled(name: ObjectName, store: Store): Promise<InstalledRecord | undefined> {
  const bytes = await store.readRecord(name)
  if (bytes === undefined) return undefined
  const record = JSON.parse(Buffer.from(bytes).toString('utf8')) as InstalledRecord
  const { outputSignature } = await import('../image/output-signature.ts')
  return record.signatures.every(([path, signature]) => outputSignature(path) === signature) ? record : undefined
}

/** File systems note times by the tick of the kernel, of which the longest is 10 ms: what is written after it gets another time. */
const tickMilliseconds = 20

/** Remembers outputs as they lie there now. Never a fault: the next run builds again. */
export async function keepInstalled(
  name: ObjectName,
  record: Omit<InstalledRecord, 'signatures'>,
  { store, world, session }: { readonly store: Store; readonly world: World; readonly session: Session },
): Promise<void> {
  const { outputSignature } = await import('../image/output-signature.ts')
  // Whoever changes an output from now on gives it another time.
  await world.clock.sleep(tickMilliseconds, session.signal)
  const paths = [...new Set(record.roots.flatMap(root => root.outputs.map(output => output.path)))]
  const signatures = paths.flatMap(path => {
    const signature = outputSignature(path)
    return signature === undefined ? [] : [[path, signature] as const]
  })
  if (signatures.length < paths.length) return
  try {
    await store.putRecord(name, encodeUtf8(JSON.stringify({ ...record, signatures })))
  } catch (error) {
    session.journal.emit({
      kind: 'noted',
      stage: 'store',
      message: `the next run cannot know that nothing changed: ${error instanceof Error ? error.message : error}`,
    })
  }
}
