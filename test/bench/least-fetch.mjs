// The least that a Node program does for the row of fetching: Node's own HTTP client, eight connections that read 256 KB at a time, each file
// hashed and written, and nothing else: no lock, store, sync, claim, retry or report. Usage: least-fetch.mjs LIST, lines of "URL sha256".
import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'

const files = readFileSync(process.argv[2], 'utf8').trim().split('\n').reverse()
const agent = new Agent({ keepAlive: true, maxSockets: 8 })
agent.createConnection = options => {
  const buffer = Buffer.allocUnsafeSlow(256 * 1024)
  const callback = length => socket.emit('data', buffer.subarray(0, length))
  const socket = connect({ ...options, onread: { buffer, callback } })
  return socket
}

async function fetchNext() {
  for (let line = files.pop(); line !== undefined; line = files.pop()) {
    const [url, sha256] = line.split(' ')
    const descriptor = openSync(sha256, 'wx')
    const hash = createHash('sha256')
    await new Promise((resolve, reject) => {
      get(url, { agent }, response => {
        response.on('data', bytes => {
          hash.update(bytes)
          writeSync(descriptor, bytes)
        })
        response.on('end', resolve)
        response.on('error', reject)
      }).on('error', reject)
    })
    closeSync(descriptor)
    if (hash.digest('hex') !== sha256) throw new Error(`${url} has other bytes`)
  }
}

await Promise.all(Array.from({ length: 8 }, fetchNext))
agent.destroy()
