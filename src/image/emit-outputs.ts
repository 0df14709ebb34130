import { type ProcessRunner, type Session, unreachable } from '../kernel/index.ts'
import type { OutputOptions } from '../manifest/index.ts'
import type { FileThread, Store } from '../store/index.ts'
import { type EmittedDirectory, emitDirectory } from './emit-directory.ts'
import { type EmittedFileSystem, emitFileSystem } from './emit-file-system.ts'
import { emitSquashfs, findSquashfsProgram } from './emit-squashfs.ts'
import { compressionOfTarName, type EmittedTar, emitTar } from './emit-tar.ts'
import type { ImageFacts } from './image-facts.ts'
import { type EmittedOci, emitOci } from './oci/emit-oci.ts'
import { finishOciLayouts } from './oci/finish-layouts.ts'
import { type EmittedOstree, emitOstree } from './ostree/emit-ostree.ts'
import type { OutputTarget } from './output-fault.ts'
import type { SealedTree } from './tar-bytes.ts'
import type { Ownership } from './write-tree.ts'

export type WantedOutput = OutputTarget & OutputOptions

export interface EmitRequest {
  readonly root: SealedTree
  readonly facts: ImageFacts
  readonly outputs: readonly WantedOutput[]
  /** Of folders: `tree` when this process is root's, else `caller`. */
  readonly ownership: Ownership
  readonly runner: ProcessRunner
  /** Remembers what layers were compressed to; default: nobody does. */
  readonly store?: Store
  /** Hashes a plain tar while it is written. */
  readonly fileThread?: FileThread | undefined
}

export type EmittedOutput = EmittedTar | EmittedDirectory | EmittedOci | EmittedOstree | EmittedFileSystem

/**
 * Writes every output, one after the other, each in one step. Names and programs are judged before anything is written; a fault in a later
 * output leaves the earlier ones, which are whole. What several roots share is named by `finishOutputs`.
 *
 * @throws {Fault} as the emitter of each format
 */
export async function emitOutputs(request: EmitRequest, session: Session): Promise<readonly EmittedOutput[]> {
  for (const output of request.outputs) {
    if (output.format === 'tar') compressionOfTarName(output)
    if (output.format === 'squashfs') await findSquashfsProgram(request.runner)
  }
  const emitted: EmittedOutput[] = []
  for (const output of request.outputs) emitted.push(await emitOne(output, request, session))
  return emitted
}

/** To be called once with the outputs of all roots: only then do layouts that hold several architectures name them. */
export async function finishOutputs(emitted: readonly EmittedOutput[], session: Session): Promise<void> {
  await finishOciLayouts(
    emitted.filter(each => each.kind === 'oci'),
    session,
  )
}

async function emitOne(
  { path, name, ...options }: WantedOutput,
  request: EmitRequest,
  session: Session,
): Promise<EmittedOutput> {
  const work = { ...request, target: { path, name } }
  switch (options.format) {
    case 'tar':
      return emitTar(work, session)
    case 'directory':
      return emitDirectory(work, session)
    case 'oci':
      return emitOci({ ...work, options }, session)
    case 'squashfs':
      return emitSquashfs({ ...work, options }, session)
    case 'erofs':
    case 'ext4':
      return emitFileSystem({ ...work, options }, session)
    case 'ostree':
      return emitOstree({ ...work, options }, session)
    default:
      return unreachable(options)
  }
}
