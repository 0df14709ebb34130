export { type Conflict, type Cost, cheapestHittingSet, compareCosts } from './hitting-set.ts'
export type { Literal } from './literal.ts'
export { runSearch } from './run-search.ts'
export { type Core, type Guide, type Outcome, Solver, type Tag, type Variable } from './solver.ts'
