import { join } from 'node:path'
import { emitOutputs } from '../image/index.ts'
import type { SealedTree } from '../image/tar-bytes.ts'
import { type ProcessRunner, type Session, silentJournal } from '../kernel/index.ts'
import { openSandbox, type Sandbox, type SandboxBackEnd, type SandboxLimits } from '../sandbox/index.ts'

/** Where a private copy of a root is made, and how it is entered; plain data. */
export interface RootPlace {
  /** The private folder in which the copy is made; nobody else can enter it. */
  readonly top: string
  readonly architecture: string
  /** Of the programs that are run in it. */
  readonly sourceDateEpochSeconds: number
  readonly backEnd?: SandboxBackEnd
  /** Node's `process.arch`. */
  readonly processor: string
}

export interface EnteredRoot {
  /** Absolute, of the host. */
  readonly rootFolder: string
  readonly sandbox: Sandbox
}

/**
 * Writes a root into a folder and opens a sandbox on it. This process is root, of the machine or of a user namespace.
 *
 * @throws {Fault} as `emitOutputs` and `openSandbox`
 */
export async function enterRoot(
  root: SealedTree & { readonly digest: string },
  place: RootPlace & { readonly limits: SandboxLimits },
  { runner, session }: { readonly runner: ProcessRunner; readonly session: Session },
): Promise<EnteredRoot> {
  const rootFolder = join(place.top, 'root')
  const { architecture, sourceDateEpochSeconds, backEnd, processor, limits } = place
  // What cannot be made in a namespace, as device nodes, the sandbox has of its own.
  const quiet = { ...session, journal: silentJournal }
  await emitOutputs(
    {
      root,
      facts: { digest: root.digest, architecture, sourceDateEpochSeconds },
      outputs: [{ format: 'directory', path: rootFolder, name: 'the private copy' }],
      ownership: 'tree',
      runner,
    },
    quiet,
  )
  const sandbox = await openSandbox({ rootFolder, backEnd, sourceDateEpochSeconds, limits, runner, processor }, session)
  if (sandbox.weaknesses.length > 0)
    session.journal.emit({
      kind: 'warned',
      stage: 'configure',
      message: `programs run in a ${sandbox.backEnd} only, which cannot ${sandbox.weaknesses.join(', ')}`,
      hint: 'Run it where bubblewrap can make namespaces; `aptroot doctor` says what is missing.',
    })
  return { rootFolder, sandbox }
}
