import { Fault, type FaultCode, isFault } from '../kernel/index.ts'
import type { RequestOutcome } from './metrics.ts'

/** What a request gets instead of an answer. */
export interface Refusal {
  readonly status: number
  readonly outcome: RequestOutcome
  readonly body: { readonly code: FaultCode; readonly message: string; readonly hint: string }
}

interface Ending {
  readonly status: number
  readonly outcome: RequestOutcome
}

const endings: Partial<Readonly<Record<FaultCode, Ending>>> = {
  REVISION_KEY_INVALID: { status: 400, outcome: 'refused' },
  REVISION_DENIED: { status: 401, outcome: 'denied' },
  REVISION_UNKNOWN: { status: 404, outcome: 'unknown' },
  REVISION_CONTRADICTED: { status: 409, outcome: 'failed' },
  REVISION_UNAVAILABLE: { status: 503, outcome: 'unavailable' },
  DISK_FULL: { status: 503, outcome: 'unavailable' },
}

/** A fault as the sender is told; what is none is a bug, of which nothing is told. */
export function refusalOf(error: unknown): Refusal {
  const ending = isFault(error) ? endings[error.code] : undefined
  if (!isFault(error) || ending === undefined)
    return {
      status: 500,
      outcome: 'failed',
      body: { code: 'INTERNAL', message: 'the service failed', hint: 'Its log says why; asking again does no harm.' },
    }
  return { ...ending, body: { code: error.code, message: error.message, hint: error.hint ?? '' } }
}

/** What is wrong with a request before anybody looks at its key. */
export function requestProblem(status: number, message: string, hint: string): Refusal {
  return { status, outcome: 'refused', body: { code: 'REVISION_KEY_INVALID', message, hint } }
}

export function tokenWanted(): Fault {
  return new Fault('REVISION_DENIED', {
    message: 'only writers get new revisions: the request shows no token of this service',
    hint: 'Send `Authorization: Bearer TOKEN`; aptroot takes it from APTROOT_REVISION_TOKEN or the setting `revision-token`.',
  })
}

/** Of requests that never became one, as Node's parser and its timers tell them. @see RFC 9110 15.5, RFC 6585 5 */
export function connectionProblem(error: Error): Refusal {
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return requestProblem(408, 'the request did not arrive in time', 'Send header and body at once.')
  if (code === 'HPE_HEADER_OVERFLOW')
    return requestProblem(431, 'the header of the request is too large', 'A request needs a few hundred bytes.')
  return requestProblem(400, 'this is no HTTP request', 'Send POST /v1/revision with a key as JSON.')
}
