import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { onTestFinished, test } from 'vitest'
import { type ArchivedPackage, buildArchive } from '../support/archive-builder.ts'
import { greetingManifest, lockedProject } from '../support/locked-project.ts'
import { makeTestKey } from '../support/signing.ts'

const names = ['hello', 'one', 'two', 'three', 'four', 'five']
const packages: readonly ArchivedPackage[] = names.map((name, at) => ({
  control: { Package: name, ...(at === 0 ? { Depends: names.slice(1).join(', ') } : {}) },
  files: [{ kind: 'file', path: `/usr/share/${name}`, content: `${name}\n` }],
}))

test('a deb is unpacked as soon as it is there, while another is still on its way', { timeout: 60_000 }, async () => {
  const key = await makeTestKey({ name: 'Archive' })
  const date = new Date('2026-01-15T10:00:00Z')
  const suite = { suite: 'stable', codename: 'trusty', date, label: 'Test', architectures: ['amd64'] }
  const files = await buildArchive([{ ...suite, packages, keys: [key] }])
  let release: () => void = () => undefined
  const unpacked = new Promise<void>(resolve => {
    release = resolve
  })
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1)
    const bytes = files[path]
    if (bytes === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 100))
    // The server is slow until the program says that it unpacked another deb: who waits for all would wait for ever.
    if (path.includes('/five_')) await unpacked
    response.end(bytes.subarray(100))
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a TCP server's address is never a string
  const project = await lockedProject(`http://127.0.0.1:${port}`, key)
  await project.write('aptroot.yaml', greetingManifest(`http://127.0.0.1:${port}`))
  await project.succeed('lock update --as-of 2026-01-20')

  const program = join(process.cwd(), 'bin/aptroot.js')
  const child = spawn(process.execPath, [program, 'lock', 'install', '--verbose'], {
    cwd: project.folder,
    env: { PATH: process.env.PATH, HOME: project.folder, APTROOT_STORE: join(project.folder, '../store') },
  })
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes
    if (/unpack: (hello|one|two|three|four)/.test(said)) release()
  })
  const status = await new Promise(resolve => child.on('close', resolve))
  assert.equal(status, 0, said)
  assert.match(said, /unpack: five/)
})
