import { type Session, silentJournal } from '../../src/kernel/index.ts'
import { type BlobIdentity, Store } from '../../src/store/index.ts'

const session: Session = { signal: new AbortController().signal, journal: silentJournal }

/** What `store verify` dislikes about a store, and which of the blobs it lacks. */
export async function storeComplaints(
  folder: string,
  wanted: readonly BlobIdentity[] = [],
): Promise<readonly string[]> {
  const store = new Store({ folder, clock: { now: () => new Date() } })
  const { removed, foreign } = await store.verify(session)
  const absent: string[] = []
  for (const blob of wanted) if (!(await store.has(blob))) absent.push(`the store lacks ${blob.sha256}`)
  return [
    ...removed.map(({ path, reason }) => `the store had ${path}, which ${reason}`),
    ...foreign.map(path => `the store has ${path}, which is not its own`),
    ...absent,
  ]
}
