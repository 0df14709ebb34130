import type { TrustFinding, TrustKind } from './model.ts'
import type { VersionStep } from './version-step.ts'

const stepWords: Readonly<Record<VersionStep['kind'], string>> = {
  'other-bytes': 'SAME VERSION, OTHER BYTES',
  'same-version': '',
  downgrade: 'DOWNGRADE',
  epoch: 'new epoch',
  rebuild: 'rebuild',
  'security-upload': 'security upload',
  backport: 'backport',
  'ubuntu-update': 'Ubuntu update',
  'stable-update': 'stable update',
  revision: 'new revision',
  'new-upstream': '',
}

/** `security upload, new upstream (patch)`; empty where the version stayed. */
export function stepText({ kind, upstream }: VersionStep): string {
  const upstreamText =
    upstream === undefined ? '' : upstream === 'other' ? 'new upstream' : `new upstream (${upstream})`
  return [stepWords[kind], kind === 'downgrade' ? '' : upstreamText].filter(each => each !== '').join(', ')
}

const subjects: Readonly<Record<TrustKind, string>> = {
  'other-bytes': 'Same version with other bytes',
  key: 'Signing key',
  unsigned: 'Archive without signature',
  archive: 'Archive',
  downgrade: 'Version older than before',
  rollback: 'Older state of the archive',
  unproven: 'Not listed under any trusted signature',
  setuid: 'Setuid or setgid file',
  capability: 'Rights given by a maintainer script',
  script: 'Maintainer script',
  hook: 'Script that runs in the image',
  overlay: 'Files laid over the image',
  origin: 'Another origin',
  pin: 'Pin',
  'own-deb': 'Own debs',
  image: 'Setting of the image',
  stale: 'Lock does not answer the manifest',
  unknown: 'Could not be compared',
}

/** Kinds that say all by themselves. */
const withoutVerb: readonly TrustKind[] = [
  'other-bytes',
  'downgrade',
  'rollback',
  'unproven',
  'origin',
  'capability',
  'unknown',
]

/** `Signing key added`. */
export function trustTitle({ kind, change }: Pick<TrustFinding, 'kind' | 'change'>): string {
  if (withoutVerb.includes(kind)) return subjects[kind]
  return kind === 'stale' ? `${subjects[kind]} (${change})` : `${subjects[kind]} ${change}`
}
