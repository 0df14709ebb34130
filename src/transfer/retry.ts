import type { Clock, Fault } from '../kernel/index.ts'

/** Faults in a row, without progress in between, after which a server is given up. */
export const maximumAttempts = 4

/** New bytes that make an attempt count as progress, so that a large file survives a bad line. */
export const progressBytes = 1024 * 1024

/** A server that wants us to wait longer than this is as good as absent: its fault says how long it asked for. */
const longestWaitMilliseconds = 60_000

const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

/** Names that do not exist, certificates that do not fit and what a proxy forbids stay so while we wait. */
const lastingReason =
  /^(ENOTFOUND|ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_|PROXY_STATUS_4)/

/**
 * How long to wait before asking again, or undefined when that cannot help.
 *
 * The delay doubles from half a second; chance spreads it over its upper half, so that clients a server has thrown out
 * together do not come back together. Retry-After is obeyed up to a minute.
 *
 * @param failures how often it failed in a row, this time included
 * @param random uniform in [0, 1)
 */
export function retryDelay(fault: Fault, failures: number, random: () => number): number | undefined {
  if (failures >= maximumAttempts || !mayPass(fault)) return undefined
  const asked = fault.context.retryAfterSeconds
  if (typeof asked === 'number') return asked * 1000 <= longestWaitMilliseconds ? asked * 1000 : undefined
  const longest = 500 * 2 ** (failures - 1)
  return Math.round(longest * (0.5 + random() / 2))
}

function mayPass(fault: Fault): boolean {
  switch (fault.code) {
    case 'NETWORK_TIMEOUT':
    case 'NETWORK_TRUNCATED':
      return true
    case 'NETWORK_UNREACHABLE':
      return !lastingReason.test(String(fault.context.errno))
    case 'NETWORK_STATUS':
      return typeof fault.context.status === 'number' && passingStatuses.has(fault.context.status)
    default:
      return false
  }
}

/**
 * Seconds of a Retry-After header: a number, or a date from which `clock` tells the rest.
 *
 * @see RFC 9110 section 10.2.3
 */
export function retryAfterSeconds(header: string | undefined, clock: Pick<Clock, 'now'>): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header)
  const date = Date.parse(header)
  if (Number.isNaN(date)) return undefined
  return Math.max(0, Math.ceil((date - clock.now().getTime()) / 1000))
}
