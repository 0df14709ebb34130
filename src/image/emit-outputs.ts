import { type ProcessRunner, type Session, unreachable } from '../kernel/index.ts'
import type { OutputFormat } from '../manifest/index.ts'
import { type EmittedDirectory, emitDirectory } from './emit-directory.ts'
import { compressionOfTarName, type EmittedTar, emitTar } from './emit-tar.ts'
import type { OutputTarget } from './output-fault.ts'
import type { SealedTree } from './tar-bytes.ts'
import type { Ownership } from './write-tree.ts'

export type WantedOutput = OutputTarget & { readonly format: OutputFormat }

export interface EmitRequest {
  readonly root: SealedTree
  readonly outputs: readonly WantedOutput[]
  /** Of folders: `tree` when this process is root's, else `caller`. */
  readonly ownership: Ownership
  readonly runner: ProcessRunner
}

export type EmittedOutput = EmittedTar | EmittedDirectory

/**
 * Writes every output, one after the other, each in one step. Names are judged before anything is written; a fault in a later
 * output leaves the earlier ones, which are whole.
 *
 * @throws {Fault} as `emitTar` and `emitDirectory`
 */
export async function emitOutputs(request: EmitRequest, session: Session): Promise<readonly EmittedOutput[]> {
  for (const output of request.outputs) if (output.format === 'tar') compressionOfTarName(output)
  const emitted: EmittedOutput[] = []
  for (const { format, path, name } of request.outputs)
    emitted.push(await emitOne(format, { ...request, target: { path, name } }, session))
  return emitted
}

async function emitOne(
  format: OutputFormat,
  request: Omit<EmitRequest, 'outputs'> & { readonly target: OutputTarget },
  session: Session,
): Promise<EmittedOutput> {
  switch (format) {
    case 'tar':
      return emitTar(request, session)
    case 'directory':
      return emitDirectory(request, session)
    default:
      return unreachable(format)
  }
}
