import { randomBytes } from 'node:crypto'
import { linkSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../kernel/index.ts'
import { temporaryPath } from './durable-file.ts'
import type { ProcessPlaces } from './layout.ts'
import { makeFolder } from './make-folder.ts'
import {
  formatIdentity,
  heartbeatMilliseconds,
  isAlive,
  ownIdentity,
  type ProcessIdentity,
  parseIdentity,
} from './process-identity.ts'
import { errnoOf } from './store-fault.ts'

/** No identity is longer. */
const longestBytes = 1024

/** A mark of a process in a store, as another process finds it. */
export interface FoundPresence {
  readonly life: 'own' | 'alive' | 'dead'
  /** When the process began to use the store. */
  readonly since: Date
  readonly inode: number
}

/**
 * The file by which this process is known to the others that use the store. It is made at the first use and says who we are;
 * its modification time is our heartbeat, its name under `running/` holds the time at which we began. All of it is a
 * courtesy: where it cannot be written (a read-only store) we go without.
 */
export class Presence {
  readonly #layout: ProcessPlaces
  readonly #clock: Pick<Clock, 'now'>
  #path: string | undefined
  #failed = false

  constructor(layout: ProcessPlaces, clock: Pick<Clock, 'now'>) {
    this.#layout = layout
    this.#clock = clock
  }

  /** Makes it known that this process uses the store. Never throws. */
  announce(): string | undefined {
    if (this.#path !== undefined || this.#failed) return this.#path
    try {
      this.#path = this.#write()
      keepAlive(this)
    } catch {
      this.#failed = true
    }
    return this.#path
  }

  /**
   * Gives the presence a second name, in one step: nobody can find a half-written one. The heartbeat is that of the same file.
   *
   * @returns `taken` when the name exists; `impossible` where the file system cannot do it
   */
  linkTo(path: string): 'linked' | 'taken' | 'impossible' {
    const own = this.announce()
    if (own === undefined) return 'impossible'
    try {
      linkSync(own, path)
      return 'linked'
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return 'taken'
      // The folder or our own file is not there (yet, or any more, after somebody emptied the store): once more with both.
      if (errnoOf(error) !== 'ENOENT') return 'impossible'
    }
    try {
      makeFolder(this.#layout.claims)
      this.withdraw()
      this.#path = this.#write()
      linkSync(this.#path, path)
      return 'linked'
    } catch (error) {
      return errnoOf(error) === 'EEXIST' ? 'taken' : 'impossible'
    }
  }

  beat(): void {
    if (this.#path === undefined) return
    const now = this.#clock.now()
    try {
      utimesSync(this.#path, now, now)
    } catch {
      // Somebody emptied the store: the next claim makes the file anew.
    }
  }

  withdraw(): void {
    if (this.#path === undefined) return
    try {
      rmSync(this.#path, { force: true })
    } catch {
      // The next prune sees that nobody is behind it.
    }
    this.#path = undefined
  }

  #write(): string {
    const now = this.#clock.now()
    const path = join(this.#layout.running, `${now.getTime()}-${randomBytes(8).toString('hex')}`)
    const temporary = temporaryPath(this.#layout)
    makeFolder(this.#layout.running)
    makeFolder(this.#layout.temporaries)
    try {
      writeFileSync(temporary, formatIdentity(ownIdentity()), { flag: 'wx', mode: 0o444 })
      utimesSync(temporary, now, now)
      renameSync(temporary, path)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
    return path
  }
}

/** Looks at a presence or a claim. @returns undefined when there is none any more */
export async function findPresence(path: string, now: Date): Promise<FoundPresence | undefined> {
  try {
    const facts = await lstat(path)
    const silentFor = Math.abs(now.getTime() - facts.mtimeMs)
    const identity = facts.isFile() ? await readIdentity(path) : undefined
    const life =
      identity === undefined ? 'dead' : isOwn(identity) ? 'own' : isAlive(identity, silentFor) ? 'alive' : 'dead'
    return { life, since: new Date(sinceOf(path) ?? facts.mtimeMs), inode: facts.ino }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    // Whoever cannot be judged is left in peace.
    return { life: 'alive', since: now, inode: 0 }
  }
}

function isOwn(identity: ProcessIdentity): boolean {
  const own = ownIdentity()
  return identity.processId === own.processId && identity.startTicks === own.startTicks && identity.place === own.place
}

function sinceOf(path: string): number | undefined {
  const match = /\/(\d{1,15})-[0-9a-f]{16}$/.exec(path)
  return match?.[1] === undefined ? undefined : Number(match[1])
}

async function readIdentity(path: string): Promise<ProcessIdentity | undefined> {
  const handle = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(longestBytes)
    const { bytesRead } = await handle.read(buffer, 0, longestBytes, 0)
    return parseIdentity(buffer.subarray(0, bytesRead))
  } finally {
    await handle.close()
  }
}

const presences = new Set<Presence>()

/** One timer and one listener for all stores of the process; neither keeps it running. */
function keepAlive(presence: Presence): void {
  if (presences.size === 0) {
    setInterval(() => {
      for (const each of presences) each.beat()
    }, heartbeatMilliseconds).unref()
    process.on('exit', () => {
      for (const each of presences) each.withdraw()
    })
  }
  presences.add(presence)
}
