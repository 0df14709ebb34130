import { compileExpression, satisfies } from '../debian/index.ts'
import { compareBytes } from '../kernel/index.ts'
import type { ChangeKind, PolicyGroup, PolicyRule, UpdatePolicy } from '../manifest/index.ts'
import type { ReviewedSource } from './model.ts'

/** What a policy makes of one changed source package. */
export type PolicyVerdict =
  | { readonly kind: 'moves'; readonly group: string; readonly allowedBy: PolicyRule | undefined }
  | { readonly kind: 'ignored'; readonly rule: PolicyRule }
  | { readonly kind: 'waits'; readonly requiredSeconds: number; readonly age: 'too-young' | 'not-known' }
  /** The same version with other bytes, which no policy lets through. */
  | { readonly kind: 'other-bytes' }

/** Whether the bytes of a source stood in their archives long enough, as far as signed Releases tell. */
export type AgeVerdict = 'old-enough' | 'too-young' | 'not-known'

/** Whether a source's versions moved: what merely comes, goes or stays along is nobody's update. */
export function isUpdate({ section }: ReviewedSource): boolean {
  return section === 'security' || section === 'changed'
}

/** In the words of `policy:`; empty for the same version with other bytes. */
export function changeKindsOf({ section, debs }: ReviewedSource): readonly ChangeKind[] {
  const kinds = new Set<ChangeKind>(section === 'security' ? ['security'] : [])
  for (const { step } of debs) {
    if (step === undefined) continue
    const { kind, upstream } = step
    if (kind === 'security-upload') kinds.add('security')
    else if (kind !== 'same-version' && kind !== 'other-bytes') kinds.add(kind)
    if (upstream === undefined || kind === 'downgrade' || kind === 'epoch') continue
    kinds.add('new-upstream')
    if (upstream !== 'other') kinds.add(upstream)
  }
  return [...kinds]
}

/**
 * How long the new bytes have to have stood in their archives; 0 for what moves or stays whatever their age.
 *
 * @param today ISO date on which rules are judged
 */
export function requiredAgeSeconds(source: ReviewedSource, policy: UpdatePolicy, today: string): number {
  const kinds = changeKindsOf(source)
  if (kinds.includes('security') || ruleFor(policy.allow, source, today) !== undefined) return 0
  const ages = policy.minimumAgeSeconds
  const named = kinds.flatMap(kind => (kind === 'security' ? [] : (ages[kind] ?? [])))
  return named.length > 0 ? Math.max(...named) : (ages.any ?? 0)
}

/** @param ageOf asked only where an age is required */
export function judgeChange(
  source: ReviewedSource,
  policy: UpdatePolicy,
  { today, ageOf }: { readonly today: string; readonly ageOf: (source: ReviewedSource) => AgeVerdict },
): PolicyVerdict {
  if (source.debs.some(({ step }) => step?.kind === 'other-bytes')) return { kind: 'other-bytes' }
  const group = policy.groups.find(each => takes(each, source))?.name ?? source.source
  const allowedBy = ruleFor(policy.allow, source, today)
  if (allowedBy !== undefined) return { kind: 'moves', group, allowedBy }
  const rule = ruleFor(policy.ignore, source, today)
  if (rule !== undefined) return { kind: 'ignored', rule }
  const requiredSeconds = requiredAgeSeconds(source, policy, today)
  const age = requiredSeconds === 0 ? 'old-enough' : ageOf(source)
  return age === 'old-enough' ? { kind: 'moves', group, allowedBy: undefined } : { kind: 'waits', requiredSeconds, age }
}

/** Rules whose last day has passed. */
export function expiredRules(policy: UpdatePolicy, today: string): readonly PolicyRule[] {
  return [...policy.ignore, ...policy.allow].filter(rule => isExpired(rule, today))
}

function isExpired({ until }: PolicyRule, today: string): boolean {
  return compareBytes(until, today) < 0
}

function ruleFor(rules: readonly PolicyRule[], source: ReviewedSource, today: string): PolicyRule | undefined {
  return rules.find(rule => !isExpired(rule, today) && speaksOf(rule, source))
}

function speaksOf({ source: expression, versions, kinds }: PolicyRule, source: ReviewedSource): boolean {
  if (!compileExpression(expression)(source.source)) return false
  if (kinds !== undefined && !changeKindsOf(source).some(kind => kinds.includes(kind))) return false
  // Where architectures have different versions, one within the bounds is enough.
  return (
    versions === undefined || source.versionsAfter.some(version => versions.every(each => satisfies(version, each)))
  )
}

function takes({ sources, kinds, archives }: PolicyGroup, source: ReviewedSource): boolean {
  if (sources !== undefined && !sources.some(each => compileExpression(each)(source.source))) return false
  if (kinds !== undefined && !changeKindsOf(source).some(kind => kinds.includes(kind))) return false
  return archives === undefined || source.debs.some(deb => archives.includes(archiveOf(deb.fromAfter)))
}

function archiveOf(from: string | undefined): string {
  return from?.split('/', 1)[0] ?? ''
}
