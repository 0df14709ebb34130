import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ProcessRunner, printable, type Session } from '../kernel/index.ts'
import { type BuildOutput, buildFailure, collectOutputs } from '../package-build/index.ts'
import type { AssembledRoot } from '../rootfs/index.ts'
import { ScriptLog } from '../rootfs/script-log.ts'
import { defaultLimits, type SandboxLimits } from '../sandbox/index.ts'
import type { Store } from '../store/index.ts'
import type { TreeEntry } from '../tree/index.ts'
import { enterRoot, type RootPlace } from './enter-root.ts'

/** The build of a package in a private copy of a root; plain data. */
export interface PackageBuild extends RootPlace {
  /** For messages: `hello 1.0-1`. */
  readonly name: string
  /** By path below the folder of the sources; their contents are blobs of the store. */
  readonly sources: readonly (readonly [path: string, entry: TreeEntry])[]
  /** Name of the folder of the sources in `/build`. */
  readonly sourceFolder: string
  readonly command: readonly string[]
  /** Beside the fixed environment of the sandbox. */
  readonly environment: Readonly<Record<string, string>>
  /** Patterns of names of what the command leaves in `/build`. */
  readonly outputs: readonly string[]
}

/** A browser takes hours. */
const buildLimits: SandboxLimits = { ...defaultLimits, seconds: 24 * 3600 }

const outputsFile = 'outputs.json'

/**
 * Lays the sources into a private copy of the root, runs the command there without a network and takes its outputs into the store. This
 * process is root, of the machine or of a user namespace.
 *
 * @throws {Fault} `PACKAGE_BUILD_FAILED` with the last lines that were printed, `SCRIPT_LIMIT`, and as `enterRoot` and `collectOutputs`
 */
export async function buildInRoot(
  root: AssembledRoot,
  build: PackageBuild,
  { store, runner, session }: { readonly store: Store; readonly runner: ProcessRunner; readonly session: Session },
): Promise<readonly [BuildOutput, ...BuildOutput[]]> {
  const entered = await enterRoot(
    withSources(root, build, store),
    { ...build, limits: buildLimits },
    { runner, session },
  )
  const log = new ScriptLog()
  const tell = (line: string) =>
    session.journal.emit({ kind: 'traced', stage: 'build', message: printable(textOf(line)) })
  const [program = '', ...words] = build.command
  const { exitStatus } = await entered.sandbox.run(
    {
      program: '/bin/sh',
      arguments: ['-c', 'cd "$0" && exec "$@"', `/build/${build.sourceFolder}`, program, ...words],
      environment: build.environment,
      onOutput: bytes => log.add(bytes, tell),
    },
    session,
  )
  if (exitStatus !== 0) throw buildFailure({ ...build, exitStatus, lastLines: log.lastLines().map(textOf) })
  const outputs = await collectOutputs(
    { folder: join(entered.rootFolder, 'build'), names: build.outputs, store },
    session,
  )
  writeFileSync(join(build.top, outputsFile), JSON.stringify(outputs), { flag: 'wx', mode: 0o600 })
  return outputs
}

/** What `buildInRoot` noted, for who had it run by another process. */
export function readOutputs({ top }: RootPlace): readonly [BuildOutput, ...BuildOutput[]] {
  return JSON.parse(readFileSync(join(top, outputsFile), 'utf8'))
}

function withSources(root: AssembledRoot, build: PackageBuild, store: Store) {
  const attributes = { mode: 0o755, userId: 0, groupId: 0, modifiedSeconds: build.sourceDateEpochSeconds }
  const tree = new Map(root.tree)
  // Whatever the root has there: what a build leaves is looked for in a folder that held nothing else.
  for (const path of tree.keys()) if (path === 'build' || path.startsWith('build/')) tree.delete(path)
  const top = `build/${build.sourceFolder}`
  tree.set('build', { kind: 'directory', ...attributes }).set(top, { kind: 'directory', ...attributes })
  const contents = new Set<string>()
  for (const [path, entry] of build.sources) {
    tree.set(`${top}/${path}`, entry)
    if (entry.kind === 'file') contents.add(entry.content.sha256)
  }
  const inOrder = new Map([...tree].sort(([left], [right]) => (left < right ? -1 : 1)))
  const read: AssembledRoot['content']['read'] = content =>
    contents.has(content.sha256) ? store.stream(content) : root.content.read(content)
  return { tree: inOrder, content: { read }, digest: root.digest }
}

function textOf(byteString: string): string {
  return Buffer.from(byteString, 'latin1').toString('utf8')
}
