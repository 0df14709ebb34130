import { decodeUtf8, isFault, parsedJson, type Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import { type Transfer, urlBelow } from '../transfer/index.ts'

/** A service laid out as Debian's is: states below `archive/NAME/TIMESTAMP`, questions below `mr`, files below `file`. */
export interface SnapshotService {
  readonly base: string
  /** The service's name of the archive: `debian`, `debian-security`. */
  readonly archive: string
  /** The URI of a state, with `{timestamp}`. */
  readonly template: string
}

/** All states of a quarter of a century are less than 1 MB. */
const maximumAnswerBytes = 8 * 1024 * 1024

/** A version may have been built twice, in archives that share the service; more than a few is no answer. */
const maximumFiles = 8

/** @returns undefined for a template of another shape, such as snapshot.ubuntu.com's, which has states alone */
export function snapshotServiceOf(template: string): SnapshotService | undefined {
  const match = /^(.*)\/archive\/([a-z0-9][a-z0-9+.-]*)\/\{timestamp\}\/?$/.exec(template)
  const [, base, archive] = match ?? []
  if (base === undefined || archive === undefined || !/^https?:/.test(base)) return undefined
  return { base, archive, template }
}

/**
 * Times to ask for without knowing the states. A Release's Date lies before the first state that holds it, and a service
 * answers with the last state at or before a time. States are imported every six hours, after outages later; the time itself
 * comes last, for services that have every moment, and for files that were there before they were locked.
 */
export function safeTimestamps(at: string): readonly string[] {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(at)
  if (match === null) return []
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number)
  const date = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
  return [6, 24, 72, 0].map(hours => new Date(date + hours * 3_600_000).toISOString().replace(/[-:]|\.\d+/g, ''))
}

/** How a service is asked, and which of its answers are kept for a run. */
export interface SnapshotQuestion {
  readonly transfer: Transfer
  readonly session: Session
  /** Question → answer: a hundred debs that were locked at one time need one. */
  readonly answers: Map<string, Promise<unknown>>
}

/**
 * The URL of a file in the first state imported at or after `at`.
 *
 * @returns undefined when the service knows of none
 * @throws {Fault} as `Transfer.downloadBytes`
 */
export async function urlInState(
  service: SnapshotService,
  { at, path }: { readonly at: string; readonly path: string },
  question: SnapshotQuestion,
): Promise<string | undefined> {
  const query = `archive=${encodeURIComponent(service.archive)}&after=${at}`
  const answer = await asked(`${service.base}/mr/timestamp/?${query}`, question)
  const states = textsOf(fieldOf(fieldOf(answer, 'result'), service.archive))
  const state = states.filter(each => /^\d{8}T\d{6}Z$/.test(each) && each >= at).sort()[0]
  return state === undefined ? undefined : urlBelow(service.template.replaceAll('{timestamp}', state), path)
}

/**
 * The URLs of the files that the service saw as this binary package in this version, by the SHA1 under which it keeps them.
 * They are found by it and believed for their SHA256 alone.
 *
 * @throws {Fault} as `Transfer.downloadBytes`
 */
export async function urlsByVersion(
  service: SnapshotService,
  deb: Pick<LockedDeb, 'name' | 'version' | 'architecture' | 'sizeBytes'>,
  question: SnapshotQuestion,
): Promise<readonly string[]> {
  const way = urlBelow(service.base, `mr/binary/${deb.name}/${deb.version}/binfiles`)
  if (way === undefined) return []
  const answer = await asked(`${way}?fileinfo=1`, question)
  const files = fieldOf(answer, 'fileinfo')
  const hashes = itemsOf(fieldOf(answer, 'result')).flatMap(each => {
    const hash = fieldOf(each, 'hash')
    if (fieldOf(each, 'architecture') !== deb.architecture || typeof hash !== 'string') return []
    const sizes = itemsOf(fieldOf(files, hash)).map(file => fieldOf(file, 'size'))
    const fits = sizes.length === 0 || sizes.includes(deb.sizeBytes)
    return fits && /^[0-9a-f]{40}$/.test(hash) ? [hash] : []
  })
  return [...new Set(hashes)].slice(0, maximumFiles).flatMap(hash => urlBelow(service.base, `file/${hash}`) ?? [])
}

function asked(url: string, { transfer, session, answers }: SnapshotQuestion): Promise<unknown> {
  const known = answers.get(url)
  if (known !== undefined) return known
  const answer = transfer
    .downloadBytes(url, { maximumBytes: maximumAnswerBytes }, session)
    .then(bytes => parsedJson(decodeUtf8(bytes)), unusable)
  answers.set(url, answer)
  // A server that failed may answer the next deb.
  answer.catch(() => answers.delete(url))
  return answer
}

/** An answer that is too long or comes encoded is none. Only of a deb does it mean that a mirror replaced the file. */
function unusable(error: unknown): undefined {
  if (!isFault(error, 'FETCH_INTEGRITY')) throw error
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Reflect.get(value, name)
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textsOf(value: unknown): readonly string[] {
  return itemsOf(value).filter(each => typeof each === 'string')
}
