import { Fault } from '../kernel/index.ts'
import type { RevisionRow } from './table.ts'

/** Two rows of which only one can be true. */
export function contradiction(found: RevisionRow, given: RevisionRow): Fault {
  const whose = `${given.package} on ${given.architecture}`
  const message =
    found.revision === given.revision
      ? `revision ${found.revision} of ${whose} is ${wordsOf(found)}, not ${wordsOf(given)}`
      : `${wordsOf(found)} of ${whose} has revision ${found.revision}, not ${given.revision}`
  return new Fault('REVISION_CONTRADICTED', {
    message,
    hint: 'Nothing was changed. Find out which of the two tables was restored from an old copy or belongs to another service.',
    context: { package: given.package, architecture: given.architecture, revision: given.revision },
  })
}

function wordsOf({ version, checksum }: RevisionRow): string {
  return `${version} with checksum ${checksum.slice(0, 12)}…`
}
