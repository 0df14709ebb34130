import { Fault, isFault } from '../kernel/index.ts'

/**
 * The same fault with another hint where its own proposes a mirror: of what is no part of an archive, and comes from one place alone. Hints
 * that speak of something else (credentials, certificates) hold as they are.
 */
export function withoutMirrors(
  error: unknown,
  hint = 'Check the address, the proxy and the network, or try again later.',
): unknown {
  if (!isFault(error) || !error.hint?.includes('--mirror')) return error
  return new Fault(error.code, { message: error.message, hint, context: error.context, cause: error })
}
