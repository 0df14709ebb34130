import { Fault, isFault } from '../kernel/index.ts'

/**
 * What keeps a past state of the archives away, with a hint that holds for it: it comes from the `snapshot:` address alone, so another mirror
 * helps nothing. Hints that speak of something else (credentials, certificates) hold as they are.
 */
export function pastStateFault(error: unknown): unknown {
  if (!isFault(error)) return error
  if (error.code !== 'SUITE_ABSENT' && !error.hint?.includes('--mirror')) return error
  return new Fault(error.code, {
    message: error.message,
    hint: 'Mirrors are not asked for a past state: try again later, correct the time, or name another service with APTROOT_SNAPSHOTS=ID=URI.',
    context: error.context,
    cause: error,
  })
}
