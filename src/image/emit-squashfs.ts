import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { dirname } from 'node:path'
import { Fault, type ProcessRunner, type Session } from '../kernel/index.ts'
import type { SquashfsOptions } from '../manifest/index.ts'
import type { EmittedFileSystem } from './emit-file-system.ts'
import type { ImageFacts } from './image-facts.ts'
import { type OutputTarget, outputFaultOfProgram } from './output-fault.ts'
import { type SealedTree, tarBytes } from './tar-bytes.ts'
import { replaceFileBy } from './whole-file.ts'

export interface SquashfsRequest {
  readonly root: SealedTree
  readonly facts: ImageFacts
  readonly options: SquashfsOptions
  readonly target: OutputTarget
  readonly runner: ProcessRunner
}

/**
 * Writes the tree as squashfs with mksquashfs, which reads our tar: so owners and device nodes are right whoever runs it. The bytes
 * hold per version of mksquashfs and of its compressor, not on the number of processors. The root folder itself has the time
 * SOURCE_DATE_EPOCH: mksquashfs takes no other from a tar.
 *
 * @throws {Fault} `PROGRAM_FAILED` when mksquashfs is missing or fails; `OUTPUT_UNWRITABLE`, `DISK_FULL`, `STORE_CORRUPT`
 */
export async function emitSquashfs(request: SquashfsRequest, session: Session): Promise<EmittedFileSystem> {
  const { target, runner } = request
  const program = await findSquashfsProgram(runner)
  session.journal.emit({ kind: 'started', stage: 'emit', name: target.name })
  const hash = createHash('sha256')
  const make = async (temporary: string) => {
    await runProgram({ ...request, program, temporary }, session)
    for await (const bytes of createReadStream(temporary)) hash.update(bytes)
  }
  const sizeBytes = await replaceFileBy(target, make, session)
  session.journal.emit({ kind: 'finished', stage: 'emit', name: target.name, detail: `${sizeBytes} bytes` })
  return { kind: 'squashfs', ...target, sizeBytes, sha256: hash.digest('hex') }
}

/** @throws {Fault} `PROGRAM_FAILED` that names what to install */
export async function findSquashfsProgram(runner: ProcessRunner): Promise<string> {
  const program = await runner.find('mksquashfs')
  if (program !== undefined) return program
  throw new Fault('PROGRAM_FAILED', {
    message: 'squashfs needs mksquashfs, which PATH does not have',
    hint: 'Install squashfs-tools (`apt install squashfs-tools`), or choose erofs, which needs no program.',
    context: { program: 'mksquashfs' },
  })
}

async function runProgram(
  request: SquashfsRequest & { readonly program: string; readonly temporary: string },
  session: Session,
): Promise<void> {
  const { root, facts, options, program, temporary, runner, target } = request
  const top = root.tree.get('')
  if (top === undefined) throw new Fault('INTERNAL', { message: 'a tree without its root' })
  // The root has no name in squashfs: its attributes are given apart, and a tar member for it would only be complained about.
  const members = new Map(root.tree)
  members.delete('')
  const flags: readonly (readonly [string, ...(string | number)[]])[] = [
    ['-tar'],
    ['-quiet'],
    ['-no-progress'],
    ['-noappend'],
    ['-exit-on-error'],
    ['-reproducible'],
    ['-comp', options.compression],
    ['-b', 131_072],
    ['-root-mode', top.mode.toString(8)],
    ['-root-uid', top.userId],
    ['-root-gid', top.groupId],
  ]
  const result = await runner.run({
    program,
    arguments: ['-', temporary, ...flags.flat().map(String)],
    // The time of the image, and of its root folder: 4.5.1 ignores -root-time for a tar. All other times are before it.
    environment: { LC_ALL: 'C', SOURCE_DATE_EPOCH: `${facts.sourceDateEpochSeconds}` },
    workingFolder: dirname(temporary),
    input: tarBytes({ tree: members, content: root.content }, session),
    signal: session.signal,
  })
  if (result.exitStatus === 0) return
  const refused = outputFaultOfProgram('mksquashfs', result.errorOutput, target)
  if (refused !== undefined) throw refused
  const words = Buffer.from(result.errorOutput).toString('utf8').trim().split('\n').at(-1) ?? ''
  throw new Fault('PROGRAM_FAILED', {
    message: `mksquashfs ended with status ${result.exitStatus}: ${words.replace(/[^\P{C}]/gu, ' ').slice(0, 200)}`,
    hint: 'Check that squashfs-tools is 4.5.1 (Debian 12) or later.',
    context: { program: 'mksquashfs', exitStatus: result.exitStatus },
  })
}
