#!/usr/bin/env node
// Compiles a script of dist/ and keeps the code of this V8 beside it. Functions are compiled when they are first called, so a few commands
// are run on the small archive of fixtures/: what they call is what nearly every command calls.
//
// node scripts/compile-program.mjs program | lock-update     (the last but one step of scripts/build.mjs)
import { createReadStream, writeFileSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { codeFileOf, compileProgram, scriptFor, tuneEngine, untuneEngine } from '../bin/program.js'

const name = process.argv[2] ?? 'program'
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const executable = pathToFileURL(join(root, 'bin/aptroot.js')).href
const project = await mkdtemp(join(tmpdir(), 'aptroot-compile-'))
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://127.0.0.1')
  createReadStream(join(root, 'fixtures/archive', decodeURIComponent(pathname)))
    .on('error', () => response.writeHead(404).end())
    .pipe(response)
})
try {
  for (const name of ['aptroot.yaml', 'keys'])
    await cp(join(root, 'examples/quickstart', name), join(project, name), { recursive: true })
  await new Promise(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address()
  const mirrors = ['demo', 'demo-security'].map(id => `${id}=http://127.0.0.1:${port}/${id}`)
  process.chdir(project)
  process.env = {
    PATH: process.env.PATH ?? '',
    HOME: project,
    APTROOT_STORE: join(project, 'store'),
    APTROOT_MIRRORS: mirrors.join(' '),
  }

  // Else the collector drops the code of functions that were not called for a while.
  setFlagsFromString('--no-flush-bytecode')
  const { script, main } = compileProgram(name, undefined)
  tuneEngine()
  for (const words of [
    ['lock', 'update'],
    ['lock', 'update', '--json'],
    ['lock', 'check'],
    ['lock', 'show'],
    ['lock', 'diff', 'aptroot.lock', 'aptroot.lock'],
    ['lock', 'install', '--fetch-only'],
  ])
    if (name === 'program' || scriptFor(words) === name) await run(main, words)
  // The code is good for the flags that it was kept under, which have to be those of a start.
  untuneEngine()
  setFlagsFromString('--flush-bytecode')
  writeFileSync(codeFileOf(name), script.createCachedData())
} finally {
  server.closeAllConnections()
  server.close()
  await rm(project, { recursive: true, force: true })
}

/** A command ends the process; here it ends the run. */
async function run(main, words) {
  const { exit, argv, stdout, stderr } = process
  const writes = [stdout, stderr].map(stream => stream.write)
  let printed = ''
  const keep = (chunk, encoding, done) => {
    printed += chunk
    const written = typeof encoding === 'function' ? encoding : done
    written?.()
    return true
  }
  const ended = new Promise(resolve => {
    process.exit = resolve
  })
  stdout.write = keep
  stderr.write = keep
  try {
    process.argv = [argv[0], fileURLToPath(executable), ...words]
    await main(executable)
    const code = await ended
    if (code !== 0) throw new Error(`aptroot ${words.join(' ')} ended with exit code ${code}: ${printed}`)
  } finally {
    process.argv = argv
    process.exit = exit
    stdout.write = writes[0]
    stderr.write = writes[1]
    for (const event of ['uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM', 'SIGHUP'])
      process.removeAllListeners(event)
  }
}
