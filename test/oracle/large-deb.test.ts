import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { onTestFinished, test } from 'vitest'
import { buildProgram, startProgram } from '../support/child-program.ts'
import { scratchFolder } from '../support/scratch.ts'

const piece = Buffer.alloc(1024 * 1024, 'deb')
const pieces = 320

/** Larger than what a whole process may have. */
const sizeBytes = pieces * piece.length
const mostBytes = 250_000_000

test('a deb that is larger than the memory of the process is fetched in less', { timeout: 60_000 }, async () => {
  const hash = createHash('sha256')
  for (let count = 0; count < pieces; count++) hash.update(piece)
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': sizeBytes })
    Readable.from(Array.from({ length: pieces }, () => piece)).pipe(response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const program = await buildProgram('test/oracle/large-deb.program.ts', await scratchFolder())
  const words = [`http://127.0.0.1:${port}/large.deb`, hash.digest('hex'), String(sizeBytes), await scratchFolder()]
  const { status, output, errorOutput } = await startProgram(process.execPath, [program, ...words]).ended()
  assert.equal(errorOutput, '')
  assert.equal(status, 0)
  assert.ok(sizeBytes > mostBytes)
  assert.ok(Number(output) < mostBytes, `it had ${output.trim()} bytes`)
})
