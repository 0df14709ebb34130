import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'

export interface ServedArchive {
  readonly folder: string
  readonly url: string
  close(): void
}

/** Serves a folder on 127.0.0.1 as it is, to aptroot and to its peers alike. */
export async function serveArchive(folder: string): Promise<ServedArchive> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(request.url ?? '/'))
    const file = join(folder, path)
    stat(file).then(
      facts => {
        if (!facts.isFile()) return void response.writeHead(404).end()
        response.writeHead(200, { 'content-length': facts.size })
        createReadStream(file).pipe(response)
      },
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo // a TCP server's address is never a string
  return {
    folder,
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
