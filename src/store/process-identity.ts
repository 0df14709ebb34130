import { readFileSync, readlinkSync } from 'node:fs'
import { decodeUtf8 } from '../kernel/index.ts'

/** Who a process is, so that others can tell later whether it still runs. */
export interface ProcessIdentity {
  readonly processId: number
  /** Clock ticks from the boot to its start: a process id is given to others later. Empty where it cannot be told. */
  readonly startTicks: string
  /** The boot and the pid namespace in which the process id means something. Empty where they cannot be told. */
  readonly place: string
}

/**
 * How long a process of another machine or container may be silent before it counts as dead. It beats every
 * {@link heartbeatMilliseconds}; resolving and hashing hold it up for seconds at most.
 */
export const silentMilliseconds = 120_000

export const heartbeatMilliseconds = 20_000

export function ownIdentity(): ProcessIdentity {
  return { processId: process.pid, startTicks: statOf('self').startTicks, place: placeOfProcesses() }
}

export function formatIdentity({ processId, startTicks, place }: ProcessIdentity): string {
  return `aptroot-process 1\npid ${processId}\nstart ${startTicks}\nplace ${place}\n`
}

/** @returns undefined for anything else: a file that was cut short, another version's */
export function parseIdentity(bytes: Uint8Array): ProcessIdentity | undefined {
  const match = /^aptroot-process 1\npid (\d{1,10})\nstart (\d*)\nplace (.*)\n$/.exec(decodeUtf8(bytes) ?? '')
  if (match?.[1] === undefined || match[2] === undefined || match[3] === undefined) return undefined
  return { processId: Number(match[1]), startTicks: match[2], place: match[3] }
}

/**
 * Whether a process still runs. Here it is asked for; elsewhere (another host, boot or container that shares the store)
 * only its heartbeat tells.
 *
 * @param silentFor milliseconds since its last heartbeat
 */
export function isAlive(identity: ProcessIdentity, silentFor: number): boolean {
  if (identity.place === '' || identity.place !== placeOfProcesses()) return silentFor < silentMilliseconds
  if (!answersToSignals(identity.processId)) return false
  const { startTicks, state } = statOf(String(identity.processId))
  // A zombie waits for its parent; it will never finish what it began.
  if (state === 'Z' || state === 'X') return false
  return startTicks === '' || identity.startTicks === '' || startTicks === identity.startTicks
}

function answersToSignals(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    // EPERM: another user's process, which is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** @see proc_pid_stat(5): the program's name, in parentheses, may hold anything */
function statOf(processId: string): { readonly state: string; readonly startTicks: string } {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '' }
  } catch {
    return { state: '', startTicks: '' }
  }
}

let knownPlace: string | undefined

function placeOfProcesses(): string {
  knownPlace ??= readPlace()
  return knownPlace
}

function readPlace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}
