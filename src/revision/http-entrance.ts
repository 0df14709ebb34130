import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Fault } from '../kernel/index.ts'
import type { RevisionDesk, ServiceAccess } from './desk.ts'
import { nobodysKey, readRevisionKey } from './key.ts'
import type { RequestOutcome, ServiceMetrics } from './metrics.ts'
import { connectionProblem, type Refusal, refusalOf, requestProblem, tokenWanted } from './refusal.ts'
import type { RevisionTable } from './table.ts'
import { isAuthorised, type TokenList } from './tokens.ts'

export interface EntranceSettings {
  readonly desk: RevisionDesk
  readonly table: RevisionTable
  readonly metrics: ServiceMetrics
  readonly access: ServiceAccess
  /** Asked for each request of a writer; undefined: whoever can connect may write. */
  readonly tokens: (() => TokenList) | undefined
  readonly limits: EntranceLimits
  /** Milliseconds of a clock that never goes back. */
  readonly nowMilliseconds: () => number
  /** Told what `refusalOf` hides from the sender. */
  readonly onFailure: (error: unknown) => void
}

export interface EntranceLimits {
  /** A key has a few hundred bytes. */
  readonly bodyBytes: number
  readonly headerBytes: number
  /** For a whole request to arrive. */
  readonly requestMilliseconds: number
  /** Between two requests of a connection. */
  readonly idleMilliseconds: number
  readonly connections: number
  /** For the answers that are under way when the service ends. */
  readonly drainMilliseconds: number
}

export const defaultLimits: EntranceLimits = {
  bodyBytes: 4096,
  headerBytes: 8192,
  requestMilliseconds: 10_000,
  idleMilliseconds: 30_000,
  connections: 1024,
  drainMilliseconds: 2_000,
}

export interface ListeningPlace {
  readonly address: string
  /** 0: any that is free. */
  readonly port: number
}

export interface RevisionEntrance {
  /** `http://127.0.0.1:8090` */
  readonly url: string
  /** Takes no more connections and ends when what is under way is answered. */
  close(): Promise<void>
}

/**
 * The service over HTTP. Whatever is sent gets a 4xx with a body that says what is wrong, or an answer; slow and silent connections are ended.
 *
 * @throws {Fault} `USAGE_INVALID` when the address cannot be used
 */
export async function openEntrance(settings: EntranceSettings, place: ListeningPlace): Promise<RevisionEntrance> {
  const { limits } = settings
  const server = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMilliseconds,
    keepAliveTimeout: limits.idleMilliseconds,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.requestMilliseconds,
      connectionsCheckingInterval: Math.min(1000, limits.requestMilliseconds),
    },
    clientErrorHandler: (error, socket) => endConnection(socket, connectionProblem(error)),
  })
  server.server.maxConnections = limits.connections
  // A page in a writer's browser may send text to any address, but JSON only where it is allowed to.
  server.removeContentTypeParser('text/plain')
  addRoutes(server, settings)
  const url = await listen(server, place)
  return { url, close: () => drain(server, limits.drainMilliseconds) }
}

function addRoutes(server: FastifyInstance, settings: EntranceSettings): void {
  const { desk, table, metrics, access, tokens } = settings
  const arrivals = new WeakMap<FastifyRequest, number>()
  const counted = (request: FastifyRequest, outcome: RequestOutcome) => {
    const now = settings.nowMilliseconds()
    metrics.countRequest(outcome, (now - (arrivals.get(request) ?? now)) / 1000)
  }
  const refuse = (request: FastifyRequest, reply: FastifyReply, { status, outcome, body }: Refusal) => {
    counted(request, outcome)
    if (status === 401) reply.header('www-authenticate', 'Bearer')
    if (status === 503) reply.header('retry-after', '1')
    return reply.code(status).send(body)
  }

  server.addHook('onRequest', (request, reply, done) => {
    arrivals.set(request, settings.nowMilliseconds())
    reply.header('cache-control', 'no-store')
    done()
  })
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = parserProblem(error, settings.limits)
    const refusal = problem ?? refusalOf(error)
    if (refusal.status === 500 || refusal.outcome === 'unavailable') settings.onFailure(error)
    return refuse(request, reply, refusal)
  })
  server.setNotFoundHandler((request, reply) =>
    refuse(
      request,
      reply,
      requestProblem(
        404,
        'there is nothing at this address',
        'POST /v1/revision, POST /v1/lookup, GET /health, GET /metrics.',
      ),
    ),
  )

  server.post('/v1/revision', {
    // Before the body is read: who may not write does not get to send one.
    onRequest: async request => {
      if (access === 'write' && tokens !== undefined && !isAuthorised(tokens(), request.headers.authorization))
        throw tokenWanted()
    },
    handler: async request => {
      const answer = await desk.answer(readRevisionKey(request.body))
      counted(request, answer.known ? 'known' : 'given')
      return answer
    },
  })
  server.post('/v1/lookup', async request => {
    const { mode, depth, revision, newest } = await desk.lookUp(readRevisionKey(request.body))
    counted(request, 'looked-up')
    return { mode, depth, revision, newest }
  })
  server.get('/health', async () => {
    await table.lookUp([nobodysKey])
    return { status: 'ok', mode: table.mode, depth: table.depth, access }
  })
  server.get('/metrics', async (_request, reply) => {
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
    return metrics.write(await table.count())
  })
}

/** Undefined for what is a fault of ours. */
function parserProblem(error: FastifyError, { bodyBytes }: EntranceLimits): Refusal | undefined {
  const hint = 'Send the key as JSON, with Content-Type: application/json.'
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return requestProblem(413, `the body is larger than ${bodyBytes} bytes`, hint)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_INVALID_TYPE':
      return requestProblem(415, 'the body is not sent as JSON', hint)
    default:
      if (error instanceof Fault || error.statusCode === undefined || error.statusCode >= 500) return undefined
      return requestProblem(400, 'the body is no JSON', hint)
  }
}

async function listen(server: FastifyInstance, { address, port }: ListeningPlace): Promise<string> {
  try {
    await server.listen({ host: address, port })
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new Fault('USAGE_INVALID', {
      message: `cannot listen on ${address} port ${port}: ${reason}`,
      hint: 'Choose another with `--listen ADDRESS:PORT`; port 0 takes any that is free.',
      context: { address, port, reason },
      cause,
    })
  }
  const bound = (server.server as Server).address()
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port
  return `http://${address.includes(':') ? `[${address}]` : address}:${boundPort}`
}

async function drain(server: FastifyInstance, milliseconds: number): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), milliseconds)
  try {
    await server.close()
  } finally {
    clearTimeout(timer)
  }
}

function endConnection(socket: Duplex, { status, body }: Refusal): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const text = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    // Whoever keeps sending junk is not waited for.
    () => socket.destroy(),
  )
}
