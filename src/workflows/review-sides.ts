import { resolve } from 'node:path'
import { decodeUtf8, Fault, isFault, redacted, type Session } from '../kernel/index.ts'
import { readLockfile } from '../lockfile/read.ts'
import type { Manifest } from '../manifest/index.ts'
import type { ReviewSide } from '../review/index.ts'
import type { Transfer } from '../transfer/index.ts'
import type { Project } from './project.ts'
import { isFile, type NamedText, readRevision } from './revision-file.ts'
import type { Site } from './site.ts'
import { readTextFile } from './text-file.ts'
import type { World } from './world.ts'

/** Where one side of a review lies. Its manifest lies beside its lock. */
export type SidePlace =
  | { readonly kind: 'file'; readonly name: string; readonly lockPath: string }
  /** `revision` may be `HEAD` or `HEAD:other/aptroot.lock`. */
  | { readonly kind: 'revision'; readonly revision: string }
  | { readonly kind: 'url'; readonly url: string }

export interface SideRequest {
  readonly project: Project
  /** Asked for when a side is a URL. */
  readonly siteOf: () => Promise<Site>
}

/** A URL, a file where there is one of that name, else a revision. */
export async function sidePlace(name: string, workingFolder: string): Promise<SidePlace> {
  if (/^(https?|file):\/\//i.test(name)) return { kind: 'url', url: name }
  const lockPath = resolve(workingFolder, name)
  return (await isFile(lockPath)) ? { kind: 'file', name, lockPath } : { kind: 'revision', revision: name }
}

/**
 * A lock, and the manifest beside it where there is one.
 *
 * @throws {Fault} `LOCK_MISSING`, `PROGRAM_FAILED` (git), what `readLockfile` and `readManifest` throw, for a URL as `Transfer`
 */
export async function readReviewSide(
  place: SidePlace,
  request: SideRequest,
  session: Session,
  world: World,
): Promise<ReviewSide> {
  const { lock, manifest } = await readTexts(place, request, session, world)
  const [lockfile, read] = await Promise.all([
    readLockfile(lock.text, lock.name),
    manifest === undefined ? undefined : readManifestText(manifest, world),
  ])
  return { name: lock.name, lock: lockfile, manifest: read }
}

interface SideTexts {
  readonly lock: NamedText
  readonly manifest: NamedText | undefined
}

async function readTexts(place: SidePlace, request: SideRequest, session: Session, world: World): Promise<SideTexts> {
  switch (place.kind) {
    case 'file': {
      const text = await readTextFile(place.lockPath, 'LOCK_MISSING')
      const path = manifestBeside(place.lockPath)
      const manifest =
        path === undefined ? undefined : await orAbsent(readTextFile(path, 'MANIFEST_MISSING'), 'MANIFEST_MISSING')
      const name = manifestBeside(place.name) ?? ''
      return {
        lock: { name: place.name, text },
        manifest: manifest === undefined ? undefined : { name, text: manifest },
      }
    }
    case 'revision': {
      const lock = await readRevision(place.revision, request.project.lockPath, session, world)
      const beside = manifestBeside(lock.name)
      return {
        lock,
        manifest:
          beside === undefined
            ? undefined
            : await orAbsent(readRevision(beside, request.project.manifestPath, session, world), 'LOCK_MISSING'),
      }
    }
    case 'url': {
      const { openSite } = await import('./site.ts')
      const { transfer } = await openSite(await request.siteOf(), world)
      const lock = await download(place.url, transfer, session)
      const beside = manifestBeside(place.url)
      return {
        lock,
        manifest: beside === undefined ? undefined : await absentOr404(download(beside, transfer, session)),
      }
    }
    default:
      return place satisfies never
  }
}

/** `web.aptroot.lock` lies beside `web.aptroot.yaml`; a lock of another name has no manifest that we know of. */
function manifestBeside(lock: string): string | undefined {
  return lock.endsWith('.lock') ? `${lock.slice(0, -'.lock'.length)}.yaml` : undefined
}

/** As `readTextFile`: what is larger is no manifest and no lockfile. */
const maximumBytes = 64 * 1024 * 1024

async function download(url: string, transfer: Transfer, session: Session): Promise<NamedText> {
  const bytes = await transfer.downloadBytes(url, { maximumBytes, caches: 'passed-by' }, session).catch(async error => {
    const { withoutMirrors } = await import('../transfer/index.ts')
    throw withoutMirrors(error)
  })
  const text = decodeUtf8(bytes)
  const name = redacted(url)
  if (text !== undefined) return { name, text }
  throw new Fault('LOCK_MALFORMED', {
    message: `${name} is not UTF-8 text`,
    hint: 'Name the address of the lockfile itself.',
    context: { url: name },
  })
}

async function absentOr404(text: Promise<NamedText>): Promise<NamedText | undefined> {
  const { isAbsent } = await import('../transfer/index.ts')
  return text.catch(error => {
    if (isAbsent(error)) return undefined
    throw error
  })
}

async function orAbsent<Text>(
  text: Promise<Text>,
  code: 'LOCK_MISSING' | 'MANIFEST_MISSING',
): Promise<Text | undefined> {
  try {
    return await text
  } catch (error) {
    if (isFault(error, code)) return undefined
    throw error
  }
}

async function readManifestText({ text, name }: NamedText, world: World): Promise<Manifest> {
  const { readManifest } = await import('../manifest/index.ts')
  return readManifest(text, name, world.hostArchitecture)
}
