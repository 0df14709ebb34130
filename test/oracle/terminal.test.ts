import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, test } from 'vitest'
import { setup } from '../support/build-program.ts'
import { makeTestKey } from '../support/signing.ts'

setup()
const program = join(dirname(fileURLToPath(import.meta.url)), '../../bin/aptroot.js')
const folder = mkdtempSync(join(tmpdir(), 'aptroot-terminal-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function isMissing(tool: string): boolean {
  const missing = spawnSync(tool, ['--version'], { stdio: 'ignore' }).error !== undefined
  if (missing && process.env.CI === 'true') throw new Error(`${tool} is missing, and CI must not skip this test`)
  if (missing) process.stderr.write(`SKIPPED: ${tool} is not installed\n`)
  return missing
}

describe.skipIf(isMissing('script'))('on a real terminal', () => {
  /** script(1) gives the program a pseudo-terminal; what the program writes there comes back. */
  function onTerminal(commandLine: string, environment: Readonly<Record<string, string>> = {}): string {
    return execFileSync('script', ['-qec', `'${process.execPath}' '${program}' ${commandLine}`, '/dev/null'], {
      env: { PATH: process.env.PATH ?? '', HOME: folder, TERM: 'xterm', SHELL: '/bin/sh', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    }).toString()
  }

  test('headings are coloured, unless NO_COLOR or a dumb terminal says otherwise', () => {
    assert.match(onTerminal('explain LOCK_STALE'), /\u001b\[1mLOCK_STALE\u001b\[0m/)
    assert.doesNotMatch(onTerminal('explain LOCK_STALE', { NO_COLOR: '1' }), /\u001b/)
    assert.doesNotMatch(onTerminal('explain LOCK_STALE', { TERM: 'dumb' }), /\u001b/)
  })

  test('progress is painted and erased again before the answer', () => {
    const digest = createHash('sha256')
      .update(Buffer.alloc(2 ** 29))
      .digest('hex')
    const blob = join(folder, '.cache/aptroot/store-v1/sha256', digest.slice(0, 2), digest.slice(2))
    mkdirSync(dirname(blob), { recursive: true })
    writeFileSync(blob, '')
    // Half a gigabyte of hole: no room on the disk, and long enough to be painted.
    truncateSync(blob, 2 ** 29)
    const seen = onTerminal('store verify')
    assert.match(seen, /^store\r?\n {2}verify\r?\n\u001b\[2A\r\u001b\[J/)
    assert.match(seen, /\u001b\[J[^\n]*1 blob, 0 objects, 536\.9 MB read\r?\n$/)
    assert.doesNotMatch(onTerminal('store verify --no-progress'), /\u001b/)
    assert.doesNotMatch(onTerminal('store verify --quiet'), /\u001b/)
  })
})

describe.skipIf(isMissing('script'))('a key on a real terminal', () => {
  /** Types the reply once the question is on the screen. */
  function replied(reply: string): Promise<{ readonly exitCode: number | null; readonly seen: string }> {
    const command = `'${process.execPath}' '${program}' archive add 'deb https://deb.vendor.org/debian bookworm main' --key vendor.asc`
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', HOME: folder, TERM: 'xterm', SHELL: '/bin/sh', NO_COLOR: '1' },
    })
    let seen = ''
    child.stdout.on('data', chunk => {
      const wasAsked = seen.includes('[y/N]')
      seen += String(chunk)
      if (!wasAsked && seen.includes('[y/N]')) child.stdin.write(reply)
    })
    return new Promise(resolve => child.on('close', exitCode => resolve({ exitCode, seen })))
  }

  const rows = [
    ['y\r', 0, /Added to aptroot\.yaml: vendor/, 'yes'],
    ['n\r', 2, /nothing was added/, 'no'],
    ['\r', 2, /nothing was added/, 'nothing said is no'],
    ['\u0004', 2, /nothing was added/, 'Ctrl-D is no'],
    ['\u0003', 130, /interrupted by SIGINT/, 'Ctrl-C stops'],
  ] as const
  for (const [reply, expected, message, why] of rows)
    test(`is trusted only after a yes: ${why}`, async () => {
      const key = await makeTestKey({ name: 'Vendor' })
      const manifest = 'manifest: 1\ndistribution: debian/bookworm\narchitectures: [amd64]\npackages: [nginx]\n'
      writeFileSync(join(folder, 'vendor.asc'), key.toPublic().armor())
      writeFileSync(join(folder, 'aptroot.yaml'), manifest)
      rmSync(join(folder, 'keys'), { recursive: true, force: true })
      const { exitCode, seen } = await replied(reply)
      assert.equal(exitCode, expected, seen)
      assert.match(seen, new RegExp(`signed by ${key.getFingerprint().toUpperCase()}`))
      assert.match(seen, message)
      assert.equal(readFileSync(join(folder, 'aptroot.yaml'), 'utf8') === manifest, expected !== 0)
      assert.equal(existsSync(join(folder, 'keys')), expected === 0)
    })
})

describe.skipIf(isMissing('bash'))('completion in bash', () => {
  function completionsOf(...words: string[]): string[] {
    const script = execFileSync(process.execPath, [program, 'completion', 'bash']).toString()
    writeFileSync(join(folder, 'completion.bash'), script)
    const asked = words.map(word => `'${word}'`).join(' ')
    const ask = `source completion.bash; COMP_WORDS=(${asked}); COMP_CWORD=${words.length - 1}; _aptroot; printf '%s\\n' "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['--norc', '-c', ask], { cwd: folder }).toString().trimEnd().split('\n')
  }

  test('offers commands, subcommands, flags and values', () => {
    assert.deepEqual(completionsOf('aptroot', 'expl'), ['explain'])
    assert.deepEqual(completionsOf('aptroot', 'store', ''), ['path', 'prune', 'verify'])
    assert.deepEqual(completionsOf('aptroot', 'store', 'prune', '--u'), ['--unused-for'])
    assert.deepEqual(completionsOf('aptroot', 'completion', ''), ['bash', 'zsh', 'fish'])
  })
})

describe.skipIf(isMissing('fish'))('completion in fish', () => {
  test('offers commands, subcommands, flags and values', () => {
    const script = execFileSync(process.execPath, [program, 'completion', 'fish'])
    writeFileSync(join(folder, 'completion.fish'), script)
    const completionsOf = (line: string) =>
      execFileSync('fish', ['--no-config', '-c', `source completion.fish; complete -C '${line}'`], { cwd: folder })
        .toString()
        .split('\n')
        .flatMap(each => each.split('\t')[0] || [])
    assert.deepEqual(completionsOf('aptroot expl'), ['explain'])
    assert.deepEqual(completionsOf('aptroot store '), ['path', 'prune', 'verify'])
    assert.deepEqual(completionsOf('aptroot store prune --u'), ['--unused-for'])
    assert.deepEqual(completionsOf('aptroot completion ').sort(), ['bash', 'fish', 'zsh'])
  })
})

for (const shell of ['zsh', 'fish'] as const)
  describe.skipIf(isMissing(shell))(`completion in ${shell}`, () => {
    test('is a script without syntax errors', () => {
      const script = execFileSync(process.execPath, [program, 'completion', shell])
      writeFileSync(join(folder, `completion.${shell}`), script)
      const result = spawnSync(shell, ['-n', join(folder, `completion.${shell}`)])
      assert.equal(result.status, 0, result.stderr.toString())
    })
  })
