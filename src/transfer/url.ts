import { Fault, quoted, redacted } from '../kernel/index.ts'

/** Whom a request claims to be. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

export interface DownloadAddress {
  /** http, https or file; without user, password and fragment. */
  readonly url: URL
  /** What stood in the URL; valid for its origin alone. */
  readonly credentials: Credentials | undefined
}

/** @throws {Fault} `SETTINGS_INVALID` when it is no http, https or file URL */
export function parseAddress(address: string | URL): DownloadAddress {
  const url = parsedUrl(address)
  if (url === undefined || !isDownloadable(url)) throw addressFault(address, 'is no http, https or file URL')
  if (url.protocol === 'file:' && url.hostname !== '') throw addressFault(address, 'names a host for a file')
  url.hash = ''
  if (url.username === '' && url.password === '') return { url, credentials: undefined }
  const credentials = { user: decodedUserInfo(url.username), password: decodedUserInfo(url.password) }
  url.username = ''
  url.password = ''
  return { url, credentials }
}

/**
 * The URL of a file below an archive's URI. The path comes from an index or a lockfile and is data, not URL syntax:
 * each of its segments is encoded, as apt does, and nothing in it can leave the archive or change the host.
 *
 * @returns undefined when the path is no plain relative path (see {@link isPlainRelativePath})
 * @throws {Fault} `SETTINGS_INVALID` when the base is no http, https or file URL, or has a query
 */
export function urlBelow(base: string, path: string): string | undefined {
  if (!isPlainRelativePath(path)) return undefined
  const url = parsedUrl(base)
  if (url === undefined || !isDownloadable(url)) throw addressFault(base, 'is no http, https or file URL')
  if (url.search !== '') throw addressFault(base, 'has a query, which an archive cannot have')
  url.hash = ''
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${encoded}`
  return url.href
}

/**
 * Segments that are names: none empty, `.` or `..`, no backslash, no control character, no lone surrogate. Only such a path may be
 * joined to a folder or a URL.
 */
export function isPlainRelativePath(path: string): boolean {
  if (path.length > 4096 || /\p{Surrogate}/u.test(path) || /[\\\x00-\x1f\x7f]/.test(path)) return false
  return path.split('/').every(segment => segment !== '' && segment !== '.' && segment !== '..')
}

export function isDownloadable(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:' || url.protocol === 'file:'
}

function parsedUrl(address: string | URL): URL | undefined {
  try {
    return new URL(address)
  } catch {
    return undefined
  }
}

/** User or password of a URL. One such as `50%`, whose sign nobody encoded, is meant as it is written. */
export function decodedUserInfo(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function addressFault(address: string | URL, why: string): Fault {
  const shown = parsedUrl(address) === undefined ? quoted(String(address).replace(/^.*@/s, '…@')) : redacted(address)
  return new Fault('SETTINGS_INVALID', {
    message: `${shown} ${why}`,
    hint: 'Name an archive like http://mirror.example.org/debian or file:///srv/mirror/debian.',
    context: { url: shown },
  })
}
