import { createQueue, type Queue } from '../transfer/index.ts'
import { Connection, type SocketMaker } from './connection.ts'

/** A connection that one exchange has to itself. */
export interface Lease {
  readonly connection: Connection
  /** Resolves when requests can be sent. */
  readonly ready: Promise<void>
  /** `reused`: an earlier exchange went over it, so the other side may just be closing it. */
  readonly history: 'new' | 'reused'
  /** Gives it back; one that is not idle is closed. */
  release(): void
}

interface Origin {
  readonly idle: Connection[]
  readonly queue: Queue
}

/** Connections to any number of origins, kept for the next exchange, at most so many to each at a time. */
export class ConnectionPool {
  readonly #connectionsPerOrigin: number
  readonly #origins = new Map<string, Origin>()
  readonly #open = new Set<Connection>()

  constructor(connectionsPerOrigin: number) {
    this.#connectionsPerOrigin = connectionsPerOrigin
  }

  /** Waits for a place among the origin's connections. The one that was used last comes first: it is the least likely to have timed out. */
  async lease(origin: string, make: SocketMaker): Promise<Lease> {
    const { idle, queue } = this.#originOf(origin)
    const leave = await new Promise<() => void>(enter => {
      void queue(() => new Promise<void>(done => enter(done)))
    })
    for (let known = idle.pop(); known !== undefined; known = idle.pop()) {
      if (!known.isIdle) {
        this.#close(known)
        continue
      }
      known.resume()
      return this.#leaseOf(known, { ready: Promise.resolve(), history: 'reused', idle, leave })
    }
    const { connection, ready } = Connection.open(make, origin.startsWith('https:') ? 'secureConnect' : 'connect')
    this.#open.add(connection)
    return this.#leaseOf(connection, { ready, history: 'new', idle, leave })
  }

  close(): void {
    for (const connection of this.#open) connection.destroy()
    this.#open.clear()
    this.#origins.clear()
  }

  #leaseOf(
    connection: Connection,
    lease: Pick<Lease, 'ready' | 'history'> & { readonly idle: Connection[]; readonly leave: () => void },
  ): Lease {
    const { idle, leave, ...rest } = lease
    return {
      connection,
      ...rest,
      release: () => {
        if (connection.isIdle && this.#open.has(connection)) {
          connection.rest()
          idle.push(connection)
        } else this.#close(connection)
        leave()
      },
    }
  }

  #close(connection: Connection): void {
    connection.destroy()
    this.#open.delete(connection)
  }

  #originOf(name: string): Origin {
    const known = this.#origins.get(name)
    if (known !== undefined) return known
    const created = { idle: [], queue: createQueue(this.#connectionsPerOrigin) }
    this.#origins.set(name, created)
    return created
  }
}
