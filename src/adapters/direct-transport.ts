import { Agent, type ClientRequest, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import type { Transport, TransportRequest, TransportResponse } from '../kernel/index.ts'
import { networkFault } from './network-fault.ts'
import type { TransportSettings } from './transport-settings.ts'

/** What one read takes from a connection at most. */
const readBytes = 256 * 1024

/** Sends over one of the connections of an agent. */
interface Channel {
  readonly agent: Agent
  readonly request: (url: URL, options: RequestOptions) => ClientRequest
}

/**
 * HTTP by Node's own client, without proxies and certificates of its own: keep-alive pools per host, bytes as they come, no redirects, no retries.
 * It loads in a tenth of the time that undici takes (5 ms, 45 ms), which a `lock update` without news would notice.
 */
export function createDirectTransport(settings: TransportSettings): Transport {
  const options = { keepAlive: true, maxSockets: settings.connectionsPerHost, autoSelectFamily: true }
  const plain: Channel = { agent: readingMuch(new Agent(options)), request: requestHttp }
  let secured: Promise<Channel> | undefined
  const channelFor = async ({ protocol }: URL): Promise<Channel> => {
    if (protocol !== 'https:') return plain
    secured ??= import('node:https').then(https => ({
      agent: readingMuch(new https.Agent(options)),
      request: https.request,
    }))
    return secured
  }
  return {
    request: async request => exchange(await channelFor(request.url), request, settings),
    async close() {
      plain.agent.destroy()
      ;(await secured)?.agent.destroy()
    },
  }
}

/**
 * Makes the agent's connections read into a buffer of their own that holds four times what Node reads otherwise. Its bytes are copied by the parser.
 * For 354 debs (249 MB) from loopback, with both processors busy, that took 1.5 s instead of 4.9 s.
 */
function readingMuch(agent: Agent): Agent {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, done) => {
    const buffer = Buffer.allocUnsafeSlow(readBytes)
    const onread = {
      buffer,
      callback(length: number): boolean {
        // Nobody waits for an answer: what comes belongs to none, and must not be taken for the next one.
        if (socket?.emit('data', buffer.subarray(0, length)) === false) socket.destroy()
        return true
      },
    }
    const reading = { ...options, onread }
    const socket = connect(reading, done)
    return socket
  }
  return agent
}

async function exchange(
  channel: Channel,
  request: TransportRequest,
  settings: TransportSettings,
): Promise<TransportResponse> {
  const { url, signal } = request
  signal.throwIfAborted()
  try {
    const response = await answerTo(channel, request, settings)
    return {
      status: response.statusCode ?? 0,
      headers: joinedHeaders(response.headersDistinct),
      body: checkedBody(response, request, settings.stallTimeoutMilliseconds),
    }
  } catch (error) {
    signal.throwIfAborted()
    throw networkFault(error, url, 'NETWORK_UNREACHABLE')
  }
}

async function answerTo(
  channel: Channel,
  request: TransportRequest,
  settings: TransportSettings,
): Promise<IncomingMessage> {
  for (;;) {
    const { url, method, headers } = request
    const sent = channel.request(url, { agent: channel.agent, method, headers })
    endedBy(request.signal, sent)
    try {
      return await answered(sent, settings)
    } catch (error) {
      request.signal.throwIfAborted()
      // The server closed an idle connection at the moment we used it. A new one says what it thinks.
      if (!sent.reusedSocket || !isReset(error)) throw error
    }
  }
}

/** What an interruption ends, by the signal that brings it. */
const inFlight = new WeakMap<AbortSignal, Set<ClientRequest>>()

/** One listener for all requests of a signal: of a dozen on one signal Node warns, and signals derived from it take longer. */
function endedBy(signal: AbortSignal, sent: ClientRequest): void {
  let all = inFlight.get(signal)
  if (all === undefined) {
    const together = new Set<ClientRequest>()
    const end = () => {
      for (const each of together) each.destroy()
    }
    signal.addEventListener('abort', end, { once: true })
    inFlight.set(signal, together)
    all = together
  }
  const requests = all.add(sent)
  sent.on('close', () => requests.delete(sent))
}

function answered(sent: ClientRequest, settings: TransportSettings): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const expect = (milliseconds: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => sent.destroy(timeout()), milliseconds)
    }
    sent.on('socket', socket => {
      if (!socket.connecting) return expect(settings.stallTimeoutMilliseconds)
      expect(settings.connectTimeoutMilliseconds)
      const ready = 'encrypted' in socket ? 'secureConnect' : 'connect'
      socket.once(ready, () => expect(settings.stallTimeoutMilliseconds))
    })
    sent.on('response', response => {
      clearTimeout(timer)
      resolve(response)
    })
    // A server that switches protocols unasked ends the exchange, and Node says neither `response` nor `error` then.
    sent.on('upgrade', (_, socket) => {
      clearTimeout(timer)
      socket.destroy()
      reject(Object.assign(new Error('another protocol'), { code: 'ERR_SWITCHED_PROTOCOLS' }))
    })
    // Stays: what goes wrong later reaches the reader of the body, and must not be thrown here as well.
    sent.on('error', error => {
      clearTimeout(timer)
      reject(error)
    })
    sent.end()
  })
}

/**
 * The pieces of a body as they come. Node's own iterator does the same, and for 354 short bodies takes a tenth of the processor time of
 * fetching them: it watches a stream of any kind for its end in every way that there is.
 */
async function* checkedBody(
  response: IncomingMessage,
  { url, signal }: TransportRequest,
  stallMilliseconds: number,
): AsyncGenerator<Uint8Array> {
  let failure: Error | undefined
  let goOn: (() => void) | undefined
  const happened = () => {
    goOn?.()
    goOn = undefined
  }
  response.on('readable', happened)
  response.on('end', happened)
  response.on('close', happened)
  response.on('error', error => {
    failure = error
    happened()
  })
  // Only our own waiting counts: a reader that takes its time is no fault of the server.
  const silence = setTimeout(() => {
    if (goOn !== undefined) response.destroy(timeout())
  }, stallMilliseconds)
  try {
    for (;;) {
      const piece: Uint8Array | null = response.read()
      if (piece !== null) {
        yield piece
        continue
      }
      if (failure !== undefined) throw failure
      if (response.readableEnded) return
      if (response.destroyed) throw closed()
      silence.refresh()
      await new Promise<void>(resolve => {
        goOn = resolve
      })
    }
  } catch (error) {
    signal.throwIfAborted()
    throw networkFault(error, url, 'NETWORK_TRUNCATED')
  } finally {
    clearTimeout(silence)
    if (!response.readableEnded) response.destroy()
  }
}

function joinedHeaders(headers: NodeJS.Dict<string[]>): Record<string, string> {
  const joined: Record<string, string> = Object.create(null)
  for (const [name, values] of Object.entries(headers)) if (values !== undefined) joined[name] = values.join(', ')
  return joined
}

function timeout(): Error {
  return Object.assign(new Error('the server was silent'), { code: 'ETIMEDOUT' })
}

function closed(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}
