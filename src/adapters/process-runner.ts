import { constants as fileModes } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { constants } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import {
  Fault,
  type ProcessDescriptor,
  type ProcessRequest,
  type ProcessResult,
  type ProcessRunner,
  unreachable,
} from '../kernel/index.ts'
import { createLauncher } from './launcher.ts'
import { collect, killGroup, overflowFault } from './program-output.ts'
import { loadSpawn, start } from './start-program.ts'

export interface ProcessRunnerSettings {
  /** The value of PATH; relative folders in it are ignored. */
  readonly searchPath: string
  /** Of standard output and of standard error, each; a program that prints more is killed. */
  readonly maximumOutputBytes: number
}

/**
 * Runs programs of this machine: without a shell, with no environment but the given one, with no open files but
 * its three pipes and those of the request, in a process group of its own that dies as a whole when the session is interrupted.
 *
 * `run` throws {Fault} `PROGRAM_FAILED` when the program cannot be started or prints without end; an exit status other than 0 is
 * a result.
 */
export function createProcessRunner(settings: ProcessRunnerSettings): ProcessRunner {
  const runner: ProcessRunner = {
    run: request =>
      request.attached === undefined
        ? runProgram(request, settings.maximumOutputBytes)
        : runAttached(request, request.attached),
    find: program => findProgram(program, settings.searchPath),
  }
  return {
    ...runner,
    openLauncher: temporaryFolder =>
      createLauncher({ runner, temporaryFolder, maximumOutputBytes: settings.maximumOutputBytes }),
  }
}

async function runProgram(request: ProcessRequest, maximumOutputBytes: number): Promise<ProcessResult> {
  const spawning = await loadSpawn()
  request.signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const child = start(request, { spawning, standard: ['pipe', 'pipe', 'pipe'], group: 'own group' })
    const onAbort = () => killGroup(child)
    request.signal.addEventListener('abort', onAbort, { once: true })
    let overflowed = false
    const onOverflow = () => {
      overflowed = true
      killGroup(child)
    }
    // `pipe` above: both are there.
    const standardOutput = child.stdout as Readable
    const standardError = child.stderr as Readable
    const output = collect(standardOutput, maximumOutputBytes, onOverflow)
    const errorOutput = collect(standardError, maximumOutputBytes, onOverflow)
    if (request.onOutput !== undefined) {
      standardOutput.on('data', request.onOutput)
      standardError.on('data', request.onOutput)
    }
    request.descriptors?.forEach((descriptor, at) => {
      connect(child.stdio[3 + at] as Readable & Writable, descriptor)
    })
    let failure: { readonly reason: unknown } | undefined
    feed(child.stdin as Writable, request.input).catch((reason: unknown) => {
      failure = { reason }
      killGroup(child)
    })
    child.on('error', error => {
      request.signal.removeEventListener('abort', onAbort)
      reject(startFault(request, error))
    })
    child.on('close', (status, signalName) => {
      request.signal.removeEventListener('abort', onAbort)
      if (request.signal.aborted) return reject(request.signal.reason)
      if (failure !== undefined) return reject(failure.reason)
      if (overflowed) return reject(overflowFault(request, maximumOutputBytes))
      const exitStatus = status ?? 128 + (signalName === null ? 0 : constants.signals[signalName])
      resolve({ exitStatus, output: output(), errorOutput: errorOutput() })
    })
  })
}

/** In this process's group, so that the terminal's signals reach both; what the program starts is its own to end. */
async function runAttached(
  request: ProcessRequest,
  output: NonNullable<ProcessRequest['attached']>,
): Promise<ProcessResult> {
  const spawning = await loadSpawn()
  request.signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const standard = ['inherit', output === 'standard output' ? 'inherit' : 2, 'inherit'] as const
    const child = start(request, { spawning, standard, group: 'this group' })
    const onAbort = () => child.kill('SIGKILL')
    request.signal.addEventListener('abort', onAbort, { once: true })
    request.descriptors?.forEach((descriptor, at) => {
      connect(child.stdio[3 + at] as Readable & Writable, descriptor)
    })
    child.on('error', error => reject(startFault(request, error)))
    child.on('close', (status, signalName) => {
      request.signal.removeEventListener('abort', onAbort)
      if (request.signal.aborted) return reject(request.signal.reason)
      const exitStatus = status ?? 128 + (signalName === null ? 0 : constants.signals[signalName])
      resolve({ exitStatus, output: new Uint8Array(), errorOutput: new Uint8Array() })
    })
  })
}

function connect(pipe: Readable & Writable, descriptor: ProcessDescriptor): void {
  pipe.on('error', () => undefined)
  switch (descriptor.kind) {
    case 'input':
      pipe.end(descriptor.bytes)
      return
    case 'output':
      pipe.on('data', descriptor.onBytes)
      return
    case 'gate':
      // A broken promise ends the pipe without its byte; what that means is the program's business.
      descriptor.opened.then(
        () => pipe.end(Uint8Array.of(0)),
        () => pipe.destroy(),
      )
      return
    default:
      unreachable(descriptor)
  }
}

/** Rejects when the source does. A program that does not read its input closes the pipe: that is no fault of ours. */
async function feed(pipe: Writable, input: ProcessRequest['input']): Promise<void> {
  let isClosed = false
  pipe.on('error', () => {
    isClosed = true
  })
  if (input !== undefined && !(input instanceof Uint8Array))
    for await (const bytes of input) {
      if (isClosed || pipe.destroyed) return
      if (!pipe.write(bytes)) await drained(pipe)
    }
  pipe.end(input instanceof Uint8Array ? input : undefined)
}

function drained(pipe: Writable): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      pipe.off('drain', end).off('close', end)
      resolve()
    }
    pipe.on('drain', end).on('close', end)
  })
}

async function findProgram(program: string, searchPath: string): Promise<string | undefined> {
  if (program.includes('/')) return undefined
  for (const folder of searchPath.split(delimiter)) {
    if (!isAbsolute(folder)) continue
    const path = join(folder, program)
    try {
      await access(path, fileModes.X_OK)
      if ((await stat(path)).isFile()) return path
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

function startFault(request: ProcessRequest, cause: Error): Fault {
  const reason = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
  return new Fault('PROGRAM_FAILED', {
    message: `${request.program} could not be started: ${reason}`,
    hint: 'Run `aptroot doctor`: it names the programs that are used and what is missing.',
    context: { program: request.program, reason },
    cause,
  })
}
