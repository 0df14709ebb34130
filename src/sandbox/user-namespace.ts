import { readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { Fault, type ProcessDescriptor, type ProcessResult, type ProcessRunner, type Session } from '../kernel/index.ts'

export interface NamespacedProgram {
  /** Absolute; it sees this host's files, as root of a namespace. */
  readonly program: string
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly input?: Uint8Array
  /** See `ProcessRequest`. */
  readonly attached?: 'standard output' | 'standard error'
  /** Gets what the program writes to descriptor 5. */
  readonly onMessage: (bytes: Uint8Array) => void
}

/** A range of subordinate ids. @see subuid(5) */
export interface IdRange {
  readonly first: number
  readonly count: number
}

/** Debian's packages use ids up to 65534. */
const idsNeeded = 65_535

/**
 * Runs a program as root of a user namespace of its own. An ordinary user is 0 there, and 1 and up are the user's subordinate ids; files
 * that belong to those can be read and removed from inside such a namespace only. For root all ids are what they are outside.
 *
 * @throws {Fault} `SANDBOX_UNAVAILABLE` when a program, the ids or the permission for it is missing, each with what to do
 */
export async function runInUserNamespace(
  program: NamespacedProgram,
  runner: ProcessRunner,
  session: Session,
): Promise<ProcessResult> {
  const bwrap = await runner.find('bwrap')
  if (bwrap === undefined) throw unavailable('bubblewrap is not installed', 'Install the package bubblewrap.')
  const mapIds = process.getuid?.() === 0 ? mapAllIds : await subordinateMapping(runner, session)

  // The gate stays shut when the ids cannot be mapped; bwrap then ends by itself.
  let openGate: () => void = () => undefined
  let breakGate: (reason: unknown) => void = () => undefined
  const opened = new Promise<void>((resolve, reject) => {
    openGate = resolve
    breakGate = reject
  })
  let mappingProblem: unknown
  let info = ''
  const descriptors: ProcessDescriptor[] = [
    { kind: 'gate', opened },
    {
      kind: 'output',
      onBytes: bytes => {
        info += Buffer.from(bytes).toString('latin1')
        const processId = /"child-pid": *(\d+)/.exec(info)?.[1]
        if (processId === undefined || !info.trimEnd().endsWith('}')) return
        info = ''
        mapIds(Number(processId)).then(openGate, (error: unknown) => {
          mappingProblem = error
          breakGate(error)
        })
      },
    },
    { kind: 'output', onBytes: program.onMessage },
  ]
  const result = await runner.run({
    program: bwrap,
    arguments: [
      ...['--unshare-user', '--uid', '0', '--gid', '0', '--cap-add', 'ALL'],
      ...['--userns-block-fd', '3', '--info-fd', '4', '--die-with-parent', '--dev-bind', '/', '/', '--'],
      program.program,
      ...program.arguments,
    ],
    environment: program.environment,
    workingFolder: '/',
    ...(program.input === undefined ? {} : { input: program.input }),
    ...(program.attached === undefined ? {} : { attached: program.attached }),
    descriptors,
    signal: session.signal,
  })
  if (mappingProblem !== undefined) throw mappingProblem
  if (result.exitStatus !== 0 && /^bwrap: /m.test(textOf(result.errorOutput)))
    throw unavailable(
      `bubblewrap cannot make a user namespace (${wordsOf(result).replace(/^bwrap: /, '')})`,
      'Allow it with `sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu 24.04 with an AppArmor profile for bwrap, or run as root.',
    )
  return result
}

type IdMapping = (processId: number) => Promise<void>

/** Root's own ids, which in a container may be a part of all. @see user_namespaces(7) */
async function mapAllIds(processId: number): Promise<void> {
  for (const kind of ['uid_map', 'gid_map']) {
    const lines = readFileSync(`/proc/self/${kind}`, 'utf8').trim().split('\n')
    const ranges = lines.map(line => line.trim().split(/ +/))
    const identity = ranges.map(([first, , count]) => `${first} ${first} ${count}\n`).join('')
    try {
      // One write(2) has to bring all lines.
      writeFileSync(`/proc/${processId}/${kind}`, identity)
    } catch (error) {
      throw unavailable(
        `ids cannot be mapped (${error instanceof Error ? error.message : error})`,
        'Run where root has CAP_SETUID and CAP_SETGID.',
      )
    }
  }
}

/** @throws {Fault} `SANDBOX_UNAVAILABLE` when there are no ids, or no programs that may map them */
async function subordinateMapping(runner: ProcessRunner, session: Session): Promise<IdMapping> {
  const [newuidmap, newgidmap] = await Promise.all(['newuidmap', 'newgidmap'].map(runner.find))
  if (newuidmap === undefined || newgidmap === undefined)
    throw unavailable('newuidmap and newgidmap are not installed', 'Install the package uidmap.')
  const users = subordinateIds('/etc/subuid')
  const groups = subordinateIds('/etc/subgid')
  return async processId => {
    const { uid, gid } = userInfo()
    for (const [command, own, range] of [
      [newuidmap, uid, users],
      [newgidmap, gid, groups],
    ] as const) {
      const map = [processId, 0, own, 1, 1, range.first, Math.min(range.count, idsNeeded)].map(String)
      const result = await runner.run({
        program: command,
        arguments: map,
        environment: {},
        workingFolder: '/',
        signal: session.signal,
      })
      if (result.exitStatus !== 0) throw unavailable(wordsOf(result), 'Look at /etc/subuid and /etc/subgid.')
    }
  }
}

/** The caller's largest range. @throws {Fault} `SANDBOX_UNAVAILABLE` when there is none that is large enough */
function subordinateIds(file: string): IdRange {
  const { username, uid } = userInfo()
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // No file, no ranges.
  }
  const ranges = text
    .split('\n')
    .map(line => line.split(':'))
    .filter(([owner]) => owner === username || owner === `${uid}`)
    .map(([, first, count]) => ({ first: Number(first), count: Number(count) }))
    .sort((a, b) => b.count - a.count)
  const [largest] = ranges
  if (largest !== undefined && largest.count >= idsNeeded) return largest
  throw unavailable(
    `${username} has no range of ${idsNeeded} ids in ${file}`,
    `Run \`usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}\` as root.`,
  )
}

function unavailable(problem: string, hint: string): Fault {
  return new Fault('SANDBOX_UNAVAILABLE', {
    message: `maintainer scripts cannot be isolated on this machine: ${problem}`,
    hint,
    context: { problems: [problem] },
  })
}

function wordsOf(result: ProcessResult): string {
  return textOf(result.errorOutput).trim().split('\n')[0] ?? ''
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}
