import { Fault } from '../kernel/index.ts'

export interface DebName {
  /** What messages call the deb: `bash_5.2.15-2+b2_amd64.deb`. */
  readonly name: string
}

/** Bounds for what a hostile deb can make its reader hold or do. */
export interface DebLimits {
  /** Of control.tar, unpacked; it is held in memory. */
  readonly maximumControlBytes: number
  readonly maximumControlMembers: number
  /** Of data.tar, unpacked. */
  readonly maximumDataBytes: number
  readonly maximumEntries: number
}

/**
 * Generous on purpose: dpkg has no such limits, and a real deb must never meet one. For comparison, the largest Installed-Size
 * in bookworm is 5.4 GiB (debug symbols of a kernel).
 */
export const defaultDebLimits: DebLimits = {
  maximumControlBytes: 64 * 1024 * 1024,
  maximumControlMembers: 256,
  maximumDataBytes: 64 * 1024 ** 3,
  maximumEntries: 2_000_000,
}

export function debMalformed({ name }: DebName, problem: string, cause?: unknown): Fault {
  return new Fault('DEB_MALFORMED', {
    message: `${name} is not a sound deb: ${problem}`,
    hint: 'Ask whoever publishes it; `dpkg-deb --info` says more about own debs.',
    context: { deb: name },
    ...(cause === undefined ? {} : { cause }),
  })
}
