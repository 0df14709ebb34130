import { Fault, redacted } from '../kernel/index.ts'
import { hintOf, reasonOf } from './network-reasons.ts'

const timeouts: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])

/** What went wrong on the way, as a fault; `otherwise` is what it is when it is no timeout. */
export function networkFault(cause: unknown, url: URL, otherwise: 'NETWORK_UNREACHABLE' | 'NETWORK_TRUNCATED'): Fault {
  const where = redacted(url)
  const errno = errnoOf(cause)
  if (timeouts.has(errno))
    return new Fault('NETWORK_TIMEOUT', {
      message: `${where} did not answer in time (${errno})`,
      hint: 'Try again, or name a nearer mirror with `--mirror ID=URI`.',
      context: { url: where, errno },
      cause,
    })
  const reason = reasonOf(errno)
  return otherwise === 'NETWORK_TRUNCATED'
    ? new Fault('NETWORK_TRUNCATED', {
        message: `${where} broke off in the middle: ${reason}`,
        hint: 'Try again: what was received is kept where it can be resumed.',
        context: { url: where, errno },
        cause,
      })
    : new Fault('NETWORK_UNREACHABLE', {
        message: `${where} cannot be reached: ${reason}`,
        hint: hintOf(errno),
        context: { url: where, errno },
        cause,
      })
}

/** Never the message: undici and OpenSSL quote what the server sent. */
function errnoOf(error: unknown): string {
  const proxyStatus = proxyStatusOf(error)
  if (proxyStatus !== undefined) return `PROXY_STATUS_${proxyStatus}`
  if (error instanceof AggregateError && error.errors.length > 0) return errnoOf(error.errors[0])
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'unknown'
}

/** What a proxy answered for itself: undici tells it by its own message alone. */
function proxyStatusOf(error: unknown): string | undefined {
  const isOfUndici = error instanceof Error && 'code' in error && /^UND_ERR/.test(String(error.code))
  if (!isOfUndici) return undefined
  return /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(error.message)?.[1]
}
