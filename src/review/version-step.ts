import { compareVersions, parseBinaryRebuild, parseVersion } from '../debian/index.ts'

/** How far upstream went, read as semver.org reads three numbers; `other`: its versions are no such numbers. */
export type UpstreamStep = 'major' | 'minor' | 'patch' | 'other'

/** What kind of change a new version is, in Debian's words. */
export interface VersionStep {
  readonly kind: /** The same version with other bytes, which an honest archive never has. */
    | 'other-bytes'
    | 'same-version'
    | 'downgrade'
    /** The epoch rose: what follows it says nothing about newer or older (Policy 5.6.12). */
    | 'epoch'
    /** Only `+bN` differs: the same source, built again. */
    | 'rebuild'
    | 'security-upload'
    | 'backport'
    | 'ubuntu-update'
    /** `+deb12u1`, `~deb12u1`: an update of a stable release. */
    | 'stable-update'
    /** Another revision of the same upstream version. */
    | 'revision'
    | 'new-upstream'
  /** undefined: the upstream version stayed. */
  readonly upstream: UpstreamStep | undefined
}

export interface VersionPair {
  readonly before: string
  readonly after: string
  readonly bytes: 'same' | 'other'
  /** Whether the new version comes from a suite of security fixes. */
  readonly origin: 'security' | 'other'
}

/**
 * The weightiest reading of a change: that a version fell matters more than that it is a backport.
 *
 * @see Debian Developer's Reference 5.8.5 (security), 5.8.6 (stable updates), 5.10.2.1 (rebuilds); backports.debian.org/Contribute
 */
export function versionStep({ before, after, bytes, origin }: VersionPair): VersionStep {
  const order = compareVersions(before, after)
  if (order === 0) return { kind: bytes === 'same' ? 'same-version' : 'other-bytes', upstream: undefined }
  const had = parseVersion(before)
  const has = parseVersion(after)
  const upstream = had.upstream === has.upstream ? undefined : upstreamStep(had.upstream, has.upstream)
  return { kind: kindOf(), upstream }

  function kindOf(): VersionStep['kind'] {
    if (order > 0) return 'downgrade'
    if (had.epoch !== has.epoch) return 'epoch'
    if (withoutRebuild(before) === withoutRebuild(after)) return 'rebuild'
    if (origin === 'security') return 'security-upload'
    if (/~bpo\d/.test(after)) return 'backport'
    const distributionPart = has.revision ?? has.upstream
    const isStableUpdate = /[+~]deb\d+u\d/.test(distributionPart)
    // A native package has its whole version in `upstream`.
    if (isStableUpdate && (upstream === undefined || has.revision === undefined)) return 'stable-update'
    if (/ubuntu\d/.test(distributionPart) && upstream === undefined) return 'ubuntu-update'
    return upstream === undefined ? 'revision' : 'new-upstream'
  }
}

function withoutRebuild(version: string): string {
  return parseBinaryRebuild(version)?.sourceVersion ?? version
}

function upstreamStep(before: string, after: string): UpstreamStep {
  const had = numbersOf(before)
  const has = numbersOf(after)
  if (had === undefined || has === undefined) return 'other'
  if (had[0] !== has[0]) return 'major'
  if (had[1] !== has[1]) return 'minor'
  return had[2] === has[2] ? 'other' : 'patch'
}

/** The first three numbers; what follows (`+dfsg`, `~rc1`, a fourth number) is not looked at. */
function numbersOf(upstream: string): readonly (string | undefined)[] | undefined {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(upstream)
  return match === null ? undefined : match.slice(1).map(each => each?.replace(/^0+(?=\d)/, '') ?? '0')
}
