import type { OnReadOpts, Socket } from 'node:net'

/** What one read takes from a socket at most. Eight connections are as many downloads as there are by default: 2 MB. */
const bufferBytes = 256 * 1024

/** How the socket of a connection is made; `onread` is part of what it is made with. */
export type SocketMaker = (onread: OnReadOpts) => Socket

/**
 * A socket that is read by asking. All reads share one buffer: with a buffer for each, as Node's streams have it, collecting garbage was a
 * third of the processor time of fetching 354 debs from loopback.
 */
export class Connection {
  readonly #socket: Socket
  /** Bytes that nobody has taken yet, in the shared buffer. */
  #rest: Uint8Array | undefined
  #ended = false
  #failure: Error | undefined
  #wake: (() => void) | undefined

  private constructor(make: SocketMaker) {
    const buffer = new Uint8Array(bufferBytes)
    this.#socket = make({
      buffer,
      // False stops reading until somebody asks: what is in the buffer has to be used first.
      callback: length => {
        this.#rest = buffer.subarray(0, length)
        this.#notify()
        return false
      },
    })
    this.#socket.on('end', () => {
      this.#ended = true
      this.#notify()
    })
    this.#socket.on('close', () => {
      this.#ended = true
      this.#notify()
    })
    this.#socket.on('error', error => {
      this.#failure ??= error
      this.#notify()
    })
  }

  /**
   * Connects; the caller bounds the time by `destroy`.
   *
   * @param readyEvent what the socket says when it can be written to
   */
  static open(
    make: SocketMaker,
    readyEvent: 'connect' | 'secureConnect',
  ): { connection: Connection; ready: Promise<void> } {
    const connection = new Connection(make)
    const ready = new Promise<void>((resolve, reject) => {
      connection.#socket.once(readyEvent, resolve)
      connection.#socket.once('close', () => reject(connection.#failure ?? closedError()))
    })
    return { connection, ready }
  }

  /** Whether another request can be sent: nothing was said that was not asked for, and the other side has not closed. */
  get isIdle(): boolean {
    return !this.#ended && this.#failure === undefined && this.#rest === undefined && !this.#socket.destroyed
  }

  send(text: string): void {
    this.#socket.write(text, 'latin1')
  }

  /**
   * The next bytes, valid until the next call; undefined when the other side has ended.
   *
   * @throws {Error} why the connection broke, or what `destroy` was given
   */
  async take(): Promise<Uint8Array | undefined> {
    for (;;) {
      const rest = this.#rest
      if (rest !== undefined) {
        this.#rest = undefined
        return rest
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#ended) return undefined
      await new Promise<void>(resolve => {
        this.#wake = resolve
        this.#socket.resume()
      })
    }
  }

  /** Gives back the end of what was taken last. */
  putBack(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#rest = bytes
  }

  /** While it is idle it keeps no process running, and it listens, so that it knows when the other side closes. */
  rest(): void {
    this.#socket.unref()
    this.#socket.resume()
  }

  resume(): void {
    this.#socket.ref()
  }

  destroy(reason?: Error): void {
    this.#failure ??= reason
    this.#socket.destroy()
    this.#notify()
  }

  #notify(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

export function closedError(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
}
