import type { Credentials } from './url.ts'

/** One `machine` of a netrc file or of apt's auth.conf. */
export interface CredentialEntry {
  /** undefined: any, as far as {@link credentialsFor} allows. */
  readonly protocol: string | undefined
  readonly host: string
  readonly port: string | undefined
  /** Prefix of the path, as apt compares it; empty: every path. */
  readonly path: string
  readonly credentials: Credentials
}

/**
 * Reads `machine [protocol://]host[:port][/path] login USER password PASSWORD` in any line layout, login and password in either order. What it does not
 * know (`account`, `macdef`, `default`) is passed over: a file that curl or apt accepts must not stop a download.
 *
 * @see apt_auth.conf(5), netrc(5)
 */
export function parseCredentialFile(text: string): CredentialEntry[] {
  const tokens = text
    .split('\n')
    .filter(line => !line.trimStart().startsWith('#'))
    .flatMap(line => line.split(/\s+/))
    .filter(token => token !== '')
  const entries: CredentialEntry[] = []
  let machine: string | undefined
  let user: string | undefined
  let password: string | undefined
  const end = () => {
    const isWhole = machine !== undefined && password !== undefined
    const entry = isWhole ? entryOf(machine ?? '', { user: user ?? '', password: password ?? '' }) : undefined
    if (entry !== undefined) entries.push(entry)
    machine = user = password = undefined
  }
  for (let at = 0; at < tokens.length; ) {
    const [keyword, value] = [tokens[at], tokens[at + 1]]
    switch (keyword) {
      case 'machine':
        end()
        machine = value
        at += 2
        break
      case 'login':
        user = value
        at += 2
        break
      case 'password':
        password = value ?? ''
        at += 2
        break
      case 'account':
        at += 2
        break
      case 'default':
        end()
        at += 1
        break
      default:
        at += 1
    }
  }
  end()
  return entries
}

/**
 * The first entry that fits. As in apt, one that names no protocol is for https only: a password must not travel in
 * the clear because a mirror was written with http. For netrc's older habit pass `unnamedProtocols: 'all'`.
 */
export function credentialsFor(
  entries: readonly CredentialEntry[],
  url: URL,
  unnamedProtocols: 'https' | 'all',
): Credentials | undefined {
  const path = url.pathname.replace(/^\//, '')
  return entries.find(
    entry =>
      entry.host === url.hostname &&
      (entry.port ?? '') === (entry.port === undefined ? '' : effectivePort(url)) &&
      path.startsWith(entry.path) &&
      (entry.protocol === undefined
        ? unnamedProtocols === 'all' || url.protocol === 'https:'
        : `${entry.protocol}:` === url.protocol),
  )?.credentials
}

function entryOf(machine: string, credentials: Credentials): CredentialEntry | undefined {
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[0-9a-f:.]+\]|[^/:]+)(?::(\d+))?(?:\/(.*))?$/i.exec(machine)
  if (match?.[2] === undefined) return undefined
  return {
    protocol: match[1]?.toLowerCase(),
    host: match[2].toLowerCase(),
    port: match[3],
    path: match[4] ?? '',
    credentials,
  }
}

function effectivePort(url: URL): string {
  if (url.port !== '') return url.port
  return url.protocol === 'https:' ? '443' : '80'
}
