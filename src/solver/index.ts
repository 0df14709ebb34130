export { runSearch } from './run-search.ts'
export { type Core, type Guide, type Literal, type Outcome, Solver, type Tag, type Variable } from './solver.ts'
