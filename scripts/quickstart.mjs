#!/usr/bin/env node
// The quick start, without a network: locks and builds examples/quickstart, applies a security update, shows the difference and
// builds again. Everything happens in a temporary folder. Exit code 1 when lock, difference or digests are not the committed ones.
//
// node scripts/quickstart.mjs [EXAMPLE-FOLDER]     (npm run quickstart builds the program before)
import { spawnSync } from 'node:child_process'
import { copyFile, cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const example = resolve(process.argv[2] ?? join(root, 'examples/quickstart'))
const archives = pathToFileURL(join(root, 'fixtures/archive')).href
// The running program ends on Ctrl-C and this one then as well, but not before it has tidied up.
process.on('SIGINT', () => undefined)

class Mismatch extends Error {}

const readme = await readFile(join(example, 'README.md'), 'utf8')
const unstated = []
const project = await mkdtemp(join(tmpdir(), 'aptroot-quickstart-'))
try {
  for (const name of ['aptroot.yaml', 'keys']) await cp(join(example, name), join(project, name), { recursive: true })

  say('Lock: the manifest is resolved against the signed indexes of a small archive that comes with aptroot.')
  runAptroot(['lock', 'update'], 'demo-security')
  await requireSame('aptroot.lock', join(example, 'aptroot.lock'), join(project, 'aptroot.lock'))
  runAptroot(['lock', 'why', 'zlib1g'])

  say('Build: exactly what the lock says becomes a root file system per architecture.')
  const first = digestsIn(runAptroot(['lock', 'install'], 'demo-security'))

  say('A security update comes out: the security archive now has a fixed openssl.')
  await copyFile(join(project, 'aptroot.lock'), join(project, 'before.lock'))
  runAptroot(['lock', 'update'], 'demo-security-updated')
  runAptroot(['lock', 'diff', 'before.lock', 'aptroot.lock'])

  say('Build again.')
  const second = digestsIn(runAptroot(['lock', 'install'], 'demo-security-updated'))

  if (unstated.length > 0)
    throw new Mismatch(`the example's README.md does not show what was printed:\n${unstated.join('\n')}`)
  if (first.some(digest => second.includes(digest))) throw new Mismatch('the security update left a tree as it was')
  await requireMainReadme([...first, ...second])
  say('Lock, difference and digests are the ones in examples/quickstart: the same bytes as on any other machine.')
} catch (error) {
  if (!(error instanceof Mismatch)) throw error
  console.error(`quick start: ${error.message}`)
  process.exitCode = 1
} finally {
  await rm(project, { recursive: true, force: true })
}

function say(text) {
  console.log(`\n# ${text}`)
}

/**
 * Runs the built program in the project, with nothing of this machine's settings.
 *
 * @param securityState the folder that stands for the security archive, for commands that look at archives
 * @returns what it printed; lines that the example's README.md does not show are remembered
 */
function runAptroot(words, securityState) {
  const mirrors =
    securityState === undefined
      ? []
      : ['--mirror', `demo=${archives}/demo`, '--mirror', `demo-security=${archives}/${securityState}`]
  const shown = mirrors.map(word => (word === '--mirror' ? ' \\\n    --mirror' : ` ${word}`))
  console.log(`$ aptroot ${words.join(' ')}${shown.join('')}`)
  const { status, stdout, error } = spawnSync(process.execPath, [join(root, 'bin/aptroot.js'), ...words, ...mirrors], {
    cwd: project,
    env: { PATH: process.env.PATH ?? '', HOME: project, APTROOT_STORE: join(project, 'store') },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (error !== undefined) throw error
  process.stdout.write(stdout)
  if (status !== 0) throw new Mismatch(`aptroot ${words.join(' ')} ended with exit code ${status}`)
  unstated.push(...stdout.split('\n').filter(line => !readme.includes(line)))
  return stdout
}

function digestsIn(output) {
  const digests = output.match(/sha256:[0-9a-f]{64}/g) ?? []
  if (digests.length === 0) throw new Mismatch('aptroot lock install printed no digest')
  return digests
}

async function requireSame(name, committed, made) {
  const [expected, found] = await Promise.all([committed, made].map(path => readFile(path, 'utf8')))
  if (expected === found) return
  const [wanted, lines] = [expected.split('\n'), found.split('\n')]
  const at = lines.findIndex((line, index) => line !== wanted[index])
  const line = at === -1 ? lines.length : at
  throw new Mismatch(
    `${name} differs from the committed one in line ${line + 1}: it has "${lines[line] ?? ''}" where "${wanted[line] ?? ''}" was committed`,
  )
}

/** The quick start of the main README.md states some of the digests; it must not state others. */
async function requireMainReadme(digests) {
  const text = await readFile(join(root, 'README.md'), 'utf8').catch(() => '')
  const section = text.split(/^## /m).find(part => part.startsWith('Quick start\n')) ?? ''
  const wrong = (section.match(/sha256:[0-9a-f]{64}/g) ?? []).find(digest => !digests.includes(digest))
  if (wrong !== undefined) throw new Mismatch(`the quick start of README.md states ${wrong}, which no build printed`)
}
