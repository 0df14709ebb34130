import { Fault, isFault, type ProcessResult, type ProcessRunner, type Session } from '../kernel/index.ts'
import { bubblewrapArguments, bubblewrapProblem } from './bubblewrap.ts'
import {
  type ChrootPrograms,
  chrootLine,
  emptyVolatile,
  findSetpriv,
  isFilterApplicable,
  makeDevices,
} from './chroot.ts'
import { endProcessesIn } from './measure-root.ts'
import {
  type Sandbox,
  type SandboxBackEnd,
  type SandboxedProgram,
  type SandboxLimits,
  sandboxEnvironment,
} from './model.ts'
import { javaEnvironment, putProc } from './proc-stand-in.ts'
import { seccompFilter } from './seccomp-filter.ts'
import { watchLimits } from './watch-limits.ts'

export interface SandboxRequest {
  /** Absolute: the folder that becomes `/`. Its parent is closed to others, since setuid programs lie in it. */
  readonly rootFolder: string
  /** undefined: the strongest that works here. */
  readonly backEnd: SandboxBackEnd | undefined
  readonly sourceDateEpochSeconds: number
  readonly limits: SandboxLimits
  readonly runner: ProcessRunner
  /**
   * Starts bwrap, default: the runner. Nothing that is not in a namespace of processes of its own: what a launcher starts shares a process
   * group with it.
   */
  readonly launcher?: ProcessRunner | undefined
  /** Node's `process.arch`. */
  readonly processor: string
}

/**
 * Chooses how programs of a root file system are run here. This process is root, of the machine or of a user namespace.
 *
 * @throws {Fault} `SANDBOX_UNAVAILABLE` when no back end works, or not the wanted one, with what to install or to allow
 */
export async function openSandbox(request: SandboxRequest, session: Session): Promise<Sandbox> {
  const { backEnd, runner } = request
  const problems: string[] = []
  const isWanted = (each: SandboxBackEnd) => backEnd === undefined || backEnd === each
  if (isWanted('bubblewrap')) {
    const bwrap = await runner.find('bwrap')
    if (bwrap === undefined) problems.push('bubblewrap is not installed')
    else {
      const problem = await bubblewrapProblem(bwrap, request.launcher ?? runner, session.signal)
      if (problem === undefined) return bubblewrapSandbox(bwrap, request)
      problems.push(`bubblewrap cannot make namespaces here (${problem.replace(/^bwrap: /, '')})`)
    }
  }
  if (isWanted('chroot')) {
    const chroot = await runner.find('chroot')
    if (chroot !== undefined) {
      await makeDevices(request.rootFolder, runner, session)
      const setpriv = await findSetpriv(runner, session)
      const filtering = { chroot, setpriv, filter: seccompFilter(request.processor) }
      const isFiltered = await isFilterApplicable(filtering, request.rootFolder, { runner, session })
      return chrootSandbox(isFiltered ? filtering : { ...filtering, filter: undefined }, request)
    }
    problems.push('there is no program chroot')
  }
  throw new Fault('SANDBOX_UNAVAILABLE', {
    message: `maintainer scripts cannot be isolated on this machine: ${problems.join('; ')}`,
    hint: 'Install the package bubblewrap, or set `image: {configure: none}` for packages that need no scripts.',
    context: { problems },
  })
}

function bubblewrapSandbox(bwrap: string, request: SandboxRequest): Sandbox {
  const filter = seccompFilter(request.processor)
  const environment = sandboxEnvironment(request.sourceDateEpochSeconds)
  const { launcher = request.runner } = request
  return {
    backEnd: 'bubblewrap',
    weaknesses: [],
    run: (program, session) => {
      const place = { rootFolder: request.rootFolder, environment, filtered: filter !== undefined }
      return runLimited({ request, program, session }, signal =>
        launcher.run({
          program: bwrap,
          arguments: bubblewrapArguments(place, limited(program, request.limits)),
          environment: {},
          workingFolder: '/',
          ...(filter === undefined ? {} : { descriptors: [{ kind: 'input', bytes: filter }] }),
          ...(program.input === undefined ? {} : { input: program.input }),
          ...(program.onOutput === undefined ? {} : { onOutput: program.onOutput }),
          ...(program.attached === undefined ? {} : { attached: program.attached }),
          signal,
        }),
      )
    },
  }
}

function chrootSandbox(programs: ChrootPrograms, request: SandboxRequest): Sandbox {
  const environment = sandboxEnvironment(request.sourceDateEpochSeconds)
  return {
    backEnd: 'chroot',
    weaknesses: [
      'keep scripts from the network',
      'hide other processes',
      'change the host name',
      'give scripts a real /proc',
      ...(programs.setpriv === undefined ? ['limit what root may do (setpriv of util-linux would)'] : []),
      ...(programs.filter === undefined ? ['filter system calls'] : []),
    ],
    run: (program, session) =>
      runLimited({ request, program, session }, signal => {
        emptyVolatile(request.rootFolder)
        putProc(request.rootFolder)
        const line = chrootLine(programs, request.rootFolder, limited(program, request.limits))
        return request.runner.run({
          program: line[0],
          arguments: line.slice(1),
          environment: { ...environment, ...javaEnvironment(request.rootFolder), ...program.environment },
          workingFolder: '/',
          ...(program.input === undefined ? {} : { input: program.input }),
          ...(program.onOutput === undefined ? {} : { onOutput: program.onOutput }),
          ...(program.attached === undefined ? {} : { attached: program.attached }),
          signal,
        })
        // What a script leaves running in a session of its own outlives its process group.
      }).finally(() => endProcessesIn(request.rootFolder)),
  }
}

/**
 * The limits of the shell are inherited by all that it starts; no core dumps, whose content is chance. The shell stays: it is the first
 * process of its pid namespace, and the kernel ends all others of a namespace before the end of the first is seen.
 */
function limited(program: SandboxedProgram, limits: SandboxLimits): SandboxedProgram {
  // ulimit counts in blocks of 512 bytes (POSIX).
  const script = `ulimit -c 0; ulimit -f ${Math.ceil(limits.fileBytes / 512)}; umask 022; "$@"; exit $?`
  return { ...program, program: '/bin/sh', arguments: ['-c', script, 'sh', program.program, ...program.arguments] }
}

interface Limited {
  readonly request: SandboxRequest
  readonly program: SandboxedProgram
  readonly session: Session
}

async function runLimited(
  { request, program, session }: Limited,
  run: (signal: AbortSignal) => Promise<ProcessResult>,
): Promise<ProcessResult> {
  session.signal.throwIfAborted()
  if (program.attached !== undefined) return await run(session.signal)
  const watch = watchLimits({ rootFolder: request.rootFolder, limits: request.limits, program })
  try {
    return await run(AbortSignal.any([session.signal, watch.signal]))
  } catch (error) {
    if (!session.signal.aborted) watch.signal.throwIfAborted()
    if (isFault(error, 'PROGRAM_FAILED') && error.context.maximumOutputBytes !== undefined)
      throw new Fault('SCRIPT_LIMIT', {
        message: `${program.program} printed more than ${error.context.maximumOutputBytes} bytes and was ended`,
        hint: 'The last package that was set up prints without end; `--log FILE` keeps the last of it.',
        context: { program: program.program, maximumOutputBytes: error.context.maximumOutputBytes },
      })
    throw error
  } finally {
    watch.stop()
  }
}
