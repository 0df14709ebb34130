import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { startFolderServer } from '../../src/adapters/folder-server.ts'
import { assertFault } from '../support/assert-fault.ts'
import { scratchFolder } from '../support/scratch.ts'

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

async function served() {
  const folder = await scratchFolder()
  await mkdir(join(folder, 'pool/h'), { recursive: true })
  await writeFile(join(folder, 'pool/h/hello'), '0123456789')
  await writeFile(join(folder, 'pool/.hidden'), 'hidden')
  await writeFile(join(folder, 'secret'), 'secret')
  await symlink('../secret', join(folder, 'pool/link'))
  await symlink('/etc', join(folder, 'pool/etc'))
  const isServed = (path: string) => path.startsWith('pool/')
  const settings = { folder, isServed, address: '127.0.0.1', port: 0, onAnswer: () => undefined }
  const server = await startFolderServer(settings)
  onTestFinished(() => server.close())
  return { server, settings }
}

/** As it stands on the wire: nothing tidies the path. */
function ask(url: string, path: string, headers = {}, method = 'GET'): Promise<Reply> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers, method }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('a served repository', () => {
  it('gives files, their beginnings without them, and parts of them', async () => {
    const { server } = await served()
    const whole = await ask(server.url, '/pool/h/hello')
    assert.deepEqual([whole.status, whole.text], [200, '0123456789'])
    const head = await ask(server.url, '/pool/h/hello', {}, 'HEAD')
    assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '10', ''])
    const part = await ask(server.url, '/pool/h/hello', { range: 'bytes=3-5' })
    assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, '345', 'bytes 3-5/10'])
    const rest = await ask(server.url, '/pool/h/hello', { range: 'bytes=8-' })
    assert.deepEqual([rest.status, rest.text], [206, '89'])
    const last = await ask(server.url, '/pool/h/hello', { range: 'bytes=-4' })
    assert.deepEqual([last.status, last.text], [206, '6789'])
    assert.equal((await ask(server.url, '/pool/h/hello', { range: 'bytes=10-' })).status, 416)
  })

  it('says that nothing was modified to who has that very time, and gives the whole to who resumes an older file', async () => {
    const { server } = await served()
    const { headers } = await ask(server.url, '/pool/h/hello')
    const time = String(headers['last-modified'])
    assert.equal((await ask(server.url, '/pool/h/hello', { 'if-modified-since': time })).status, 304)
    const other = new Date(Date.parse(time) + 1000).toUTCString()
    assert.equal((await ask(server.url, '/pool/h/hello', { 'if-modified-since': other })).status, 200)
    const resumed = await ask(server.url, '/pool/h/hello', { range: 'bytes=3-', 'if-range': other })
    assert.deepEqual([resumed.status, resumed.text], [200, '0123456789'])
  })

  it.each([
    '/secret',
    '/pool/../secret',
    '/pool/%2e%2e/secret',
    '/pool/..%2fsecret',
    '/pool/link',
    '/pool/etc/passwd',
    '/pool/.hidden',
    '/pool//h/hello',
    '/pool/h',
    '/pool/%00',
    '/pool/%zz',
    '/pool/\\..\\secret',
    '/',
  ])('does not have %s', async path => {
    const { server } = await served()
    const reply = await ask(server.url, path)
    assert.deepEqual([reply.status, reply.text], [404, ''])
  })

  it('takes nothing', async () => {
    const { server } = await served()
    assert.equal((await ask(server.url, '/pool/h/hello', {}, 'PUT')).status, 405)
  })

  it('says which port is taken', async () => {
    const { server, settings } = await served()
    const port = Number(new URL(server.url).port)
    await assertFault(startFolderServer({ ...settings, port }), 'USAGE_INVALID', /port \d+: EADDRINUSE/)
  })
})
