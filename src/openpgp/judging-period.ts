import type { PublicKey, Signature, SignaturePacket } from 'openpgp'
import { clockToleranceSeconds } from './clock-tolerance.ts'
import type { JudgingPeriod } from './verified-release.ts'

interface Dated {
  readonly created: Date | null
}

/**
 * The longest period around `at` in which no key of the ring, none of their certifications and none of these signatures
 * begins or ends to be valid: judged at any date of it, the verdict is that of `at`.
 *
 * Dates are only compared, none is believed: an instant that means nothing merely makes the period shorter.
 */
export function judgingPeriod(signatures: readonly Signature[], keys: readonly PublicKey[], at: Date): JudgingPeriod {
  let from: number | undefined
  let until: number | undefined
  const meet = (instant: number) => {
    // A verdict may turn at the second itself, and one tolerance before it.
    for (const turn of [instant, instant - clockToleranceSeconds * 1000]) {
      if (turn <= at.getTime()) from = Math.max(from ?? turn, turn + 1000)
      if (turn >= at.getTime()) until = Math.min(until ?? turn, turn - 1000)
    }
  }
  for (const signature of signatures) for (const packet of signature.packets) instantsOf(packet, []).forEach(meet)
  for (const key of keys) for (const instant of instantsOfKey(key)) meet(instant)
  return { from: dateOf(from), until: dateOf(until) }
}

function instantsOfKey(key: PublicKey): readonly number[] {
  const parts = [key.keyPacket, ...key.subkeys.map(each => each.keyPacket)]
  const packets = [
    // Missing in the library's types.
    ...((key as { readonly directSignatures?: readonly SignaturePacket[] }).directSignatures ?? []),
    ...key.revocationSignatures,
    ...key.users.flatMap(each => [
      ...each.selfCertifications,
      ...each.otherCertifications,
      ...each.revocationSignatures,
    ]),
    ...key.subkeys.flatMap(each => [...each.bindingSignatures, ...each.revocationSignatures]),
  ]
  return [
    ...parts.map(each => each.created.getTime()),
    ...packets.flatMap(packet => [
      ...instantsOf(packet, parts),
      // A signing subkey's own signature over the binding.
      ...(packet.embeddedSignature === null ? [] : instantsOf(packet.embeddedSignature, parts)),
    ]),
  ]
}

/** When a signature begins and ends, and when a key ends that it gives so many seconds. */
function instantsOf(packet: SignaturePacket, keys: readonly Dated[]): readonly number[] {
  const instants: number[] = []
  if (packet.created !== null) instants.push(packet.created.getTime())
  const end = packet.getExpirationTime()
  if (end instanceof Date) instants.push(end.getTime())
  const seconds = packet.keyExpirationTime
  if (typeof seconds === 'number')
    for (const { created } of keys) if (created !== null) instants.push(created.getTime() + seconds * 1000)
  return instants
}

function dateOf(milliseconds: number | undefined): Date | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds)
}
