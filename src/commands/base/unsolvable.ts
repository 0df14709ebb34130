import { Fault } from '../../kernel/index.ts'
import type { UpdateLockResult } from '../../workflows/update-lock.ts'

/** What a command ends with when a manifest has no solution. */
export function unsolvableFault({
  lockName,
  architecture,
  explanation,
}: Extract<UpdateLockResult, { readonly kind: 'unsolvable' }>): Fault {
  return new Fault('RESOLVE_NO_SOLUTION', {
    message: `no set of packages satisfies the manifest of ${lockName} for ${architecture}`,
    hint: explanation.hint,
    context: { lock: lockName, architecture, lines: explanation.lines },
  })
}
