import type { Encoding } from './encoding.ts'
import type { Explanation, ResolutionRequest } from './model.ts'
import type { EncodedClause } from './requirements.ts'

export function* explainImpossible(
  _encoding: Encoding,
  _request: ResolutionRequest,
  core: readonly EncodedClause[],
): Generator<void, Explanation> {
  return { lines: core.map(c => c.origin.kind), hint: '', core: [] }
}
