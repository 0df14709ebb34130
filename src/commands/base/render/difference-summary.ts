import type { DebChange, LockDifference } from '../../../lockfile/index.ts'
import { count, formatBytes } from '../text.ts'

/** `3 sources changed: 2 upgraded, 1 added; 4.5 MB to download`; every line of a review can be counted against it. */
export function summaryOf(difference: LockDifference): string {
  const { keys, request, sources, newBytes } = difference
  if (keys.length === 0 && request.length === 0 && sources.length === 0) return 'No difference.'
  const amounts = new Map<DebChange['kind'], number>()
  for (const { debs } of sources) for (const { kind } of debs) amounts.set(kind, (amounts.get(kind) ?? 0) + 1)
  const kinds = kindOrder.flatMap(kind => {
    const amount = amounts.get(kind)
    return amount === undefined ? [] : [`${amount} ${kind}`]
  })
  const parts = [
    ...(keys.length === 0 ? [] : [`${count(keys.length, 'signing key')} changed`]),
    ...(request.length === 0 ? [] : [`${count(request.length, 'line')} of the request changed`]),
    ...(sources.length === 0 ? [] : [`${count(sources.length, 'source package')} changed, debs: ${kinds.join(', ')}`]),
    `${formatBytes(newBytes)} to download`,
  ]
  return `${parts.join('; ')}.`
}

const kindOrder = [
  'replaced',
  'downgraded',
  'upgraded',
  'rebuilt',
  'added',
  'removed',
  'moved',
  'remarked',
] as const satisfies readonly DebChange['kind'][]
