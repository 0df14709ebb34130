import { createHash } from 'node:crypto'
import { redacted, sortedByBytes } from '../kernel/index.ts'
import type { AccountReference, ArchiveDefinition, Manifest, OverlayFiles, SignedBy } from '../manifest/index.ts'
import type { TrustFinding, TrustKind } from './model.ts'

/**
 * What two manifests say differently about whom to believe and what runs in the image. What steers the choice of packages stands in the
 * requests of the locks and is compared there.
 */
export function manifestFindings(before: Manifest, after: Manifest): readonly TrustFinding[] {
  return [...archiveFindings(before, after), ...imageFindings(before, after)]
}

function archiveFindings(before: Manifest, after: Manifest): TrustFinding[] {
  const had = new Map(before.archives.map(each => [each.id, each]))
  const has = new Map(after.archives.map(each => [each.id, each]))
  return sortedByBytes(new Set([...had.keys(), ...has.keys()])).flatMap((subject): TrustFinding[] => {
    const earlier = had.get(subject)
    const later = has.get(subject)
    if (earlier === undefined) return later === undefined ? [] : [wholeArchive(later, 'added')]
    if (later === undefined) return [wholeArchive(earlier, 'removed')]
    const [hadTrust, hasTrust] = [trustText(earlier), trustText(later)]
    const isUnsigned = later.trust.kind === 'unsigned' && earlier.trust.kind !== 'unsigned'
    const trust: TrustFinding[] =
      hadTrust === hasTrust
        ? []
        : [{ kind: isUnsigned ? 'unsigned' : 'key', change: 'changed', subject, detail: `${hadTrust} → ${hasTrust}` }]
    return [...trust, ...fieldFindings(earlier, later)]
  })
}

function wholeArchive(archive: ArchiveDefinition, change: 'added' | 'removed'): TrustFinding {
  const { id, uris, suites, components, trust } = archive
  const parts = [uris.map(redacted).join(' '), suites.join(' '), components.join(' '), trustText(archive)]
  return {
    kind: trust.kind === 'unsigned' && change === 'added' ? 'unsigned' : 'archive',
    change,
    subject: id,
    detail: parts.filter(each => each !== '').join(', '),
  }
}

/** Fields that the request of a lock does not have. */
function fieldFindings(before: ArchiveDefinition, after: ArchiveDefinition): TrustFinding[] {
  const texts: Readonly<Record<string, (archive: ArchiveDefinition) => string>> = {
    uri: each => each.uris.map(redacted).join(' '),
    snapshot: each => (each.snapshot === undefined ? 'none' : redacted(each.snapshot)),
    'max-age': each => (each.maxAgeSeconds === undefined ? 'none' : `${each.maxAgeSeconds} s`),
    security: each => String(each.security),
  }
  return Object.entries(texts).flatMap(([field, textOf]): TrustFinding[] => {
    const [had, has] = [textOf(before), textOf(after)]
    if (had === has) return []
    return [{ kind: 'archive', change: 'changed', subject: after.id, detail: `${field} ${had} → ${has}` }]
  })
}

function trustText({ trust }: ArchiveDefinition): string {
  return trust.kind === 'unsigned' ? `not signed: ${trust.reason}` : `signed by ${signerText(trust.signedBy)}`
}

function signerText(signedBy: SignedBy): string {
  switch (signedBy.kind) {
    case 'path':
      return signedBy.path
    case 'named':
      return signedBy.name
    case 'inline':
      return `an inline key (sha256 ${createHash('sha256').update(signedBy.armor).digest('hex').slice(0, 16)})`
    default:
      return signedBy satisfies never
  }
}

/** Where in `image:` scripts and overlaid files stand; everything else of it is one kind. */
const kindOfKey: Readonly<Record<string, TrustKind>> = { run: 'hook', scripts: 'hook', files: 'overlay' }

/**
 * Every value of `image:` as a line, whatever keys it has: a key that a later version of the manifest brings is shown in reviews without
 * anyone having thought of it.
 */
function imageFindings(before: Manifest, after: Manifest): TrustFinding[] {
  const had = linesOf(before)
  const has = linesOf(after)
  return sortedByBytes(new Set([...had.keys(), ...has.keys()])).flatMap((subject): TrustFinding[] => {
    const earlier = had.get(subject) ?? []
    const later = has.get(subject) ?? []
    const removed = earlier.filter(each => !later.includes(each))
    const added = later.filter(each => !earlier.includes(each))
    const kind = kindOfKey[subject] ?? 'image'
    const [from, to] = [removed[0], added[0]]
    if (removed.length === 1 && added.length === 1 && from !== undefined && to !== undefined)
      return [{ kind, change: 'changed', subject, detail: `${from} → ${to}` }]
    return [
      ...added.map((detail): TrustFinding => ({ kind, change: 'added', subject, detail })),
      ...removed.map((detail): TrustFinding => ({ kind, change: 'removed', subject, detail })),
      ...(removed.length + added.length === 0 && earlier.join('\n') !== later.join('\n')
        ? [{ kind, change: 'changed', subject, detail: `another order: ${later.join('; ')}` } as const]
        : []),
    ]
  })
}

function linesOf({ image }: Manifest): ReadonlyMap<string, readonly string[]> {
  const entries = Object.entries({ ...image, files: image.files.map(writtenFiles) }).map(([key, value]) => {
    const items = Array.isArray(value) ? value : [value]
    return [key, items.filter(each => each !== undefined).map(textOf)] as const
  })
  return new Map(entries)
}

/** As a manifest has them, where defaults are left out. */
function writtenFiles({ source, target, owner, group, mode, content }: OverlayFiles) {
  const nameOf = (account: AccountReference) => {
    const name = account.kind === 'name' ? account.name : String(account.id)
    return name === '0' ? undefined : name
  }
  return {
    source,
    target,
    owner: nameOf(owner),
    group: nameOf(group),
    mode: mode?.toString(8).padStart(4, '0'),
    template: content === 'filled' ? true : undefined,
  }
}

function textOf(value: unknown): string {
  if (value instanceof Map) return textOf(Object.fromEntries(value))
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .filter(([key, each]) => key !== 'position' && each !== undefined)
    .map(([key, each]) => `${key}: ${typeof each === 'object' ? `{${textOf(each)}}` : String(each)}`)
    .join(', ')
}
