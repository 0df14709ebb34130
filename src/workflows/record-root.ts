import { type ResolutionRequest, recordProblem } from '../resolver/index.ts'
import { replaceTextFile } from './text-file.ts'

/**
 * Writes the problem of one root for a report about the resolver, before it is solved: also what has no solution, takes for
 * ever or fails can be replayed.
 *
 * @param path absolute; of several roots each has its own file, `problem.arm64.json` beside `problem.json`
 */
export async function recordRoot(
  problem: ResolutionRequest,
  path: string,
  root: { readonly architecture: string; readonly isOnlyOne: boolean },
): Promise<void> {
  const own = root.isOnlyOne ? path : `${path.replace(/\.json$/, '')}.${root.architecture}.json`
  await replaceTextFile(own, recordProblem(problem))
}
