import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Journal, type JournalEvent, type Session, silentJournal } from '../../src/kernel/index.ts'

/** A folder of this test alone, gone when the test ends. */
export async function scratchFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'aptroot-test-'))
  onTestFinished(async () => {
    await openFolders(path)
    await rm(path, { recursive: true, force: true })
  })
  return path
}

/** An ordinary user cannot empty a folder that a test made without write permission. */
async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o700).catch(() => undefined)
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await openFolders(join(folder, entry.name))
}

/** A session that nobody interrupts and nobody listens to. */
export function quietSession(): Session {
  return { signal: new AbortController().signal, journal: silentJournal }
}

export interface RecordedSession extends Session {
  readonly events: readonly JournalEvent[]
  readonly abort: (reason: unknown) => void
}

/** A session whose events can be read and which the test can interrupt. */
export function recordedSession(): RecordedSession {
  const events: JournalEvent[] = []
  const journal: Journal = { emit: event => events.push(event) }
  const controller = new AbortController()
  return { signal: controller.signal, journal, events, abort: reason => controller.abort(reason) }
}
