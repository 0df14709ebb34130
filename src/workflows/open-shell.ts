import { Fault, type Session } from '../kernel/index.ts'
import type { AssembledRoot, AssembleRequest } from '../rootfs/index.ts'
import type { SandboxBackEnd } from '../sandbox/index.ts'
import { withRootCopy } from './copy-root.ts'
import { installLock } from './install-lock.ts'
import type { Project } from './project.ts'
import { readProjectManifest } from './read-project.ts'
import type { RootProgram } from './run-in-root.ts'
import type { Site } from './site.ts'
import { nameOfRoot } from './update-lock.ts'
import type { World } from './world.ts'

export interface OpenShellRequest extends Pick<RootProgram, 'command' | 'network' | 'attached' | 'terminalType'> {
  readonly project: Project
  readonly site: Site
  /** undefined: the only root, or the one of this host. */
  readonly architecture: string | undefined
  readonly sandbox: SandboxBackEnd | undefined
}

export interface OpenShellResult {
  readonly architecture: string
  /** Of the sealed tree that the program was started in. */
  readonly digest: string
  /** 128 + signal number when it was ended by a signal. */
  readonly exitStatus: number
}

/**
 * Assembles a root as `lock install` does and runs a shell or a command in a private copy of it, in the sandbox of maintainer scripts.
 * What that changes is thrown away.
 *
 * @throws {Fault} as `installLock`, `SANDBOX_UNAVAILABLE`, and `USAGE_INVALID` when it is not clear which root is meant
 */
export async function openShell(request: OpenShellRequest, session: Session, world: World): Promise<OpenShellResult> {
  const { project, site, sandbox } = request
  const architecture = request.architecture ?? (await onlyRoot(project, world))
  let opened: OpenShellResult | undefined
  await installLock(
    {
      project,
      site,
      architectures: [architecture],
      outputs: undefined,
      purpose: 'digest',
      expectedDigest: undefined,
      sandbox,
      builds: 'once',
      documents: { bills: [], provenance: undefined },
      useRoot: async (root, assembly) => {
        const exitStatus = await runIn(root, { request, assembly, world }, session)
        opened = { architecture, digest: root.digest, exitStatus }
      },
    },
    session,
    world,
  )
  if (opened === undefined) throw new Fault('INTERNAL', { message: 'no root was assembled' })
  return opened
}

async function onlyRoot(project: Project, world: World): Promise<string> {
  const { architectures } = await readProjectManifest(project, world)
  const [first, ...others] = architectures
  if (first !== undefined && others.length === 0) return nameOfRoot(first)
  const own = architectures.filter(each => each.native === world.hostArchitecture)
  if (own[0] !== undefined && own.length === 1) return nameOfRoot(own[0])
  throw new Fault('USAGE_INVALID', {
    message: `${project.manifestName} has ${architectures.length} roots`,
    hint: `Choose one with --architecture: ${architectures.map(nameOfRoot).join(', ')}.`,
  })
}

interface Surroundings {
  readonly request: OpenShellRequest
  readonly assembly: AssembleRequest
  readonly world: World
}

async function runIn(root: AssembledRoot, { request, assembly, world }: Surroundings, session: Session) {
  const { command, network, attached, terminalType } = request
  return await withRootCopy(assembly, assembly.sourceDateEpochSeconds, async copy => {
    const program: RootProgram = { ...copy.place, command, network, attached, terminalType }
    if (copy.kind === 'namespace') {
      const { workInNamespace } = await import('./root-job.ts')
      return await workInNamespace(assembly, { task: { kind: 'program', program }, emulator: copy.emulator }, session)
    }
    const { runInRoot } = await import('./run-in-root.ts')
    return await runInRoot(root, program, { runner: world.processRunner, session })
  })
}
