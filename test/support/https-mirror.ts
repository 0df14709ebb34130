import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export const tlsFixturePath = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url))
export const tlsFixture = (name: string): string => readFileSync(tlsFixturePath(name), 'utf8')

export interface HttpsMirror {
  /** `https://127.0.0.1:PORT` */
  readonly url: string
  /** Names in the clients' certificates, one for each request; empty without a certificate. */
  readonly clients: readonly string[]
}

/** A mirror on 127.0.0.1 with the test authority's certificate; closes itself when the test ends. */
export async function startHttpsMirror(
  files: Readonly<Record<string, Uint8Array | string>>,
  clientCertificates: 'needless' | 'demanded',
): Promise<HttpsMirror> {
  const clients: string[] = []
  const options = {
    key: tlsFixture('server.key'),
    cert: tlsFixture('server.pem'),
    ca: tlsFixture('authority.pem'),
    requestCert: true,
    rejectUnauthorized: clientCertificates === 'demanded',
  }
  const server = createServer(options, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate() // an https server has no other sockets
    clients.push(String(subject?.CN ?? ''))
    const bytes = files[(request.url ?? '/').slice(1)]
    if (bytes === undefined) response.writeHead(404).end()
    else response.end(bytes)
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, clients }
}
