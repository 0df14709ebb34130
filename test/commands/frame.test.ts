import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, test } from 'vitest'
import { writeLockfile } from '../../src/lockfile/index.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { lockedDeb, lockWith } from '../support/lock-values.ts'

const folder = mkdtempSync(join(tmpdir(), 'aptroot-frame-'))
const program = join(dirname(fileURLToPath(import.meta.url)), '../../bin/aptroot.js')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a wrong command line', () => {
  const rows = [
    [['exlpain'], /unknown command: exlpain/, /Did you mean explain\?/, 'a slip in a command'],
    [['stroe', 'path'], /unknown command: stroe/, /Did you mean store path\?/, 'a slip in a topic'],
    [['store', 'pth'], /unknown command: store pth/, /Did you mean store path\?/, 'a slip below a topic'],
    [['frobnicate'], /unknown command: frobnicate/, /aptroot --help/, 'nothing near'],
    [['explain', '--jsno'], /unknown flag --jsno/, /Did you mean --json\?/, 'a slip in a flag'],
    [
      ['explain', '--frob=secret'],
      /unknown flag --frob/,
      /explain --help/,
      'the value of an unknown flag is not repeated',
    ],
    [['explain', 'A', 'B'], /unexpected argument: B/, /explain --help/, 'one argument too many'],
    [['completion'], /missing argument: SHELL/, /completion --help/, 'one argument too few'],
    [['completion', 'tcsh'], /tcsh/, /completion --help/, 'a value that is not offered'],
    [['store', 'prune', '--unused-for'], /--unused-for/, /store prune --help/, 'a flag without its value'],
    [
      ['lock', 'tree', '--depth', '-1'],
      /--depth: expected an integer greater than or equal to 0 but received: -1/,
      /lock tree --help/,
      'a number that is none of those that count',
    ],
    [['lock', 'export'], /missing required flag format/, /lock export --help/, 'a flag too few'],
    [['store', 'path', '-q', '-v'], /quiet/, /store path --help/, 'flags that contradict each other'],
    [['--quiet', 'explain'], /--quiet stands before the command/, /aptroot --help/, 'a flag in front'],
  ] as const
  for (const [commandLine, message, hint, why] of rows)
    test(`${commandLine.join(' ')}: ${why}; one line, a hint, exit code 2, with and without --json`, async () => {
      const [text, json] = await Promise.all([
        runAptroot(commandLine, { folder }),
        runAptroot([...commandLine, '--json'], { folder }),
      ])
      assert.equal(text.exitCode, 2)
      assert.equal(text.output, '')
      const [error, hintLine, ...more] = text.errorOutput.trimEnd().split('\n')
      assert.match(error ?? '', /^error: .* \[USAGE_INVALID\]$/)
      assert.match(error ?? '', message)
      assert.match(hintLine ?? '', hint)
      assert.deepEqual(more, [])
      assert.doesNotMatch(text.errorOutput, /secret/)

      assert.equal(json.exitCode, 2)
      assert.equal(json.errorOutput, '')
      const envelope = envelopeOf(json)
      assert.deepEqual([envelope.ok, envelope.exitCode, envelope.fault?.code], [false, 2, 'USAGE_INVALID'])
      assert.match(envelope.fault?.message ?? '', message)
    })
})

describe('the program', () => {
  test('prints its version without loading anything', async () => {
    const result = await runAptroot(['--version'], { folder })
    assert.match(result.output, /^aptroot\/\d+\.\d+\.\d+\n$/)
    assert.deepEqual(envelopeOf(await runAptroot(['--version', '--json'], { folder })).ok, true)
  })

  test('helps on nothing, on a topic, on a command, in each of the usual ways', async () => {
    for (const commandLine of [[], ['--help'], ['-h'], ['help']])
      assert.match((await runAptroot(commandLine, { folder })).output, /COMMANDS/)
    for (const commandLine of [['store'], ['store', '--help'], ['help', 'store']])
      assert.match((await runAptroot(commandLine, { folder })).output, /store prune/)
    for (const commandLine of [
      ['store', 'prune', '--help'],
      ['store', 'prune', '-h'],
      ['help', 'store', 'prune'],
    ])
      assert.match((await runAptroot(commandLine, { folder })).output, /EXAMPLES/)
  })

  test('has examples of every command, and a word for every value and every argument', () => {
    interface Help {
      readonly examples?: readonly string[]
      readonly flags: Readonly<Record<string, { readonly type: string; readonly [key: string]: unknown }>>
      readonly args: Readonly<Record<string, { readonly description?: string }>>
    }
    const manifest = readFileSync(join(dirname(program), '../oclif.manifest.json'), 'utf8')
    const { commands } = JSON.parse(manifest) as { readonly commands: Readonly<Record<string, Help>> }
    assert.ok(Object.keys(commands).length > 30)
    const missing = Object.entries(commands).flatMap(([id, { examples = [], flags, args }]) => [
      ...(examples.length > 0 ? [] : [`${id}: examples`]),
      ...Object.entries(flags).flatMap(([name, { type, summary, helpValue, options }]) => [
        ...(typeof summary === 'string' ? [] : [`${id} --${name}: summary`]),
        ...(type === 'boolean' || helpValue !== undefined || options !== undefined ? [] : [`${id} --${name}: value`]),
      ]),
      ...Object.entries(args).flatMap(([name, { description }]) =>
        description === undefined ? [`${id} ${name}: description`] : [],
      ),
    ])
    assert.deepEqual(missing, [])
  })

  test('helps without gaps where flags exclude each other', async () => {
    const { output } = await runAptroot(['init', '--help'], { folder })
    assert.match(output, /\[--from FILE\]/)
    assert.doesNotMatch(output, /\|\s*\]/)
  })

  test('answers a misspelt command with --help as a wrong command line', async () => {
    const result = await runAptroot(['stor', 'prun', '--help'], { folder })
    assert.equal(result.exitCode, 2)
    assert.match(result.errorOutput, /Did you mean store prune\?/)
  })

  test('stays quiet when the reader goes away', async () => {
    const child = spawn('/bin/sh', ['-c', `"${process.execPath}" "${program}" explain | head -n 1`], { cwd: folder })
    const chunks: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    await new Promise(resolve => child.on('close', resolve))
    assert.equal(Buffer.concat(chunks).toString(), '')
  })

  test('says in one line that standard output is on a full disk', async () => {
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [program, 'explain'], { cwd: folder, stdio: ['ignore', full, 'pipe'] })
    const chunks: Buffer[] = []
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
    const exitCode = await new Promise(resolve => child.on('close', resolve))
    assert.equal(exitCode, 7)
    assert.match(
      Buffer.concat(chunks).toString(),
      /^error: cannot write to standard output: ENOSPC \[OUTPUT_UNWRITABLE\]\nhint: .*\n$/,
    )
  })

  test('uses no colour in a pipe and colour when forced', async () => {
    const plain = await runAptroot(['explain', 'LOCK_STALE'], { folder })
    assert.doesNotMatch(plain.output, /\u001b/)
    const forced = await runAptroot(['explain', 'LOCK_STALE'], { folder, environment: { FORCE_COLOR: '1' } })
    assert.match(forced.output, /\u001b\[1mLOCK_STALE/)
  })
})

describe('a bug', () => {
  /** Breaks the program from outside: reading the manual throws what no reader of files throws. */
  const planted = `data:text/javascript,${encodeURIComponent(`
    import fs from 'node:fs/promises'
    import { syncBuiltinESMExports } from 'node:module'
    const { readFile } = fs
    fs.readFile = (path, ...rest) => {
      if (String(path).endsWith('fault-codes.md')) throw new TypeError('planted\\nbug')
      return readFile(path, ...rest)
    }
    syncBuiltinESMExports()`)}`
  const environment = { NODE_OPTIONS: `--import ${planted}` }

  test('is one line with exit code 70 and a way to report it, without a stack trace', async () => {
    const result = await runAptroot(['explain'], { folder, environment })
    assert.equal(result.exitCode, 70)
    assert.match(
      result.errorOutput,
      /^error: a bug in aptroot: TypeError: planted bug \[INTERNAL\]\nhint: .*--verbose.*\n$/,
    )
  })

  test('shows its stack trace with --verbose, and stays an envelope under --json', async () => {
    const verbose = await runAptroot(['explain', '--verbose'], { folder, environment })
    assert.match(verbose.errorOutput, /^ {4}at /m)
    const json = await runAptroot(['explain', '--json'], { folder, environment })
    assert.deepEqual([json.exitCode, envelopeOf(json).fault?.code, json.errorOutput], [70, 'INTERNAL', ''])
  })
})

describe('explain', () => {
  test('takes a code in any case and form', async () => {
    for (const code of ['LOCK_STALE', 'lock_stale', 'Lock-Stale']) {
      const result = await runAptroot(['explain', code], { folder })
      assert.equal(result.exitCode, 0)
      assert.match(result.output, /^LOCK_STALE\n\nThe lockfile does not answer/)
    }
  })

  test('suggests near codes, and codes of the same family', async () => {
    const near = await runAptroot(['explain', 'LOCK_STAEL'], { folder })
    assert.equal(near.exitCode, 2)
    assert.match(near.errorOutput, /\[FAULT_CODE_UNKNOWN\]\nhint: Did you mean LOCK_STALE\?/)
    const family = envelopeOf(await runAptroot(['explain', 'RELEASE_WHATEVER', '--json'], { folder }))
    assert.equal(family.fault?.code, 'FAULT_CODE_UNKNOWN')
    assert.match(family.fault?.hint ?? '', /RELEASE_EXPIRED/)
  })

  test('lists every code with its exit code', async () => {
    const result = await runAptroot(['explain'], { folder })
    assert.match(result.output, /^RESOLVE_NO_SOLUTION +3 +No set of packages/m)
    assert.match(result.output, /^INTERRUPTED +130 {2}/m)
  })
})

describe('doctor', () => {
  test('ends with exit code 0 whatever it finds', async () => {
    const result = await runAptroot(['doctor'], { folder, environment: { PATH: '/nonexistent' } })
    assert.equal(result.exitCode, 0)
    assert.match(result.output, /^absent {2}git .*\n +for comparing revisions of a lock: apt install git$/m)
    const envelope = envelopeOf(await runAptroot(['doctor', '--json'], { folder }))
    assert.equal(envelope.exitCode, 0)
    assert.ok(Array.isArray((envelope.result as { findings: unknown }).findings))
  })
})

describe('store', () => {
  test('is where the flag, the variable, or the cache folder of the user says, in this order', async () => {
    const all = { APTROOT_STORE: 'variable', XDG_CACHE_HOME: '/xdg' }
    const rows = [
      [['--store', 'flag'], all, `${folder}/flag`],
      [[], all, `${folder}/variable`],
      [[], { XDG_CACHE_HOME: '/xdg' }, '/xdg/aptroot'],
      [[], {}, `${folder}/.cache/aptroot`],
    ] as const
    for (const [flags, environment, expected] of rows)
      assert.equal((await runAptroot(['store', 'path', ...flags], { folder, environment })).output, `${expected}\n`)
    const nowhere = await runAptroot(['store', 'path'], { folder, environment: { HOME: '' } })
    assert.match(nowhere.errorOutput, /SETTINGS_INVALID/)
    assert.equal(nowhere.exitCode, 2)
  })

  test('that does not exist is verified and pruned as an empty one', async () => {
    for (const command of ['verify', 'prune']) {
      const result = await runAptroot(['store', command, '--json'], { folder })
      assert.equal(result.exitCode, 0, result.output)
    }
  })

  test('keeps what a lock names, and removes nothing when that lock cannot be read', async () => {
    const kept = Buffer.from('kept')
    const other = Buffer.from('other')
    const pathOf = (bytes: Buffer) => {
      const digest = createHash('sha256').update(bytes).digest('hex')
      return join(folder, 'store/store-v1/sha256', digest.slice(0, 2), digest.slice(2))
    }
    for (const bytes of [kept, other]) {
      mkdirSync(dirname(pathOf(bytes)), { recursive: true })
      writeFileSync(pathOf(bytes), bytes)
    }
    const sha256 = createHash('sha256').update(kept).digest('hex')
    writeFileSync(join(folder, 'a.lock'), writeLockfile(lockWith([lockedDeb('kept:all=1', { sha256, sizeBytes: 4 })])))
    const prune = ['store', 'prune', '--store', 'store', '--unused-for', '0', '--keep']
    assert.equal((await runAptroot([...prune, 'missing.lock'], { folder })).exitCode, 2)
    assert.ok(existsSync(pathOf(other)))
    const result = await runAptroot([...prune, 'a.lock'], { folder })
    assert.match(result.output, /removed 1 file \(5 B\), kept 1 \(4 B\)/)
    assert.deepEqual([existsSync(pathOf(kept)), existsSync(pathOf(other))], [true, false])
  })

  test('that holds other bytes than its names say is verified with exit code 7', async () => {
    const path = join(folder, 'bad/store-v1/sha256/ab', 'c'.repeat(62))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, 'x')
    const result = await runAptroot(['store', 'verify', '--store', 'bad', '--json'], { folder })
    const envelope = envelopeOf(result)
    assert.deepEqual([result.exitCode, envelope.exitCode, envelope.fault?.code], [7, 7, 'STORE_CORRUPT'])
    assert.equal(existsSync(path), false)
  })

  test('refuses a length of time without a unit', async () => {
    const result = await runAptroot(['store', 'prune', '--unused-for', '30'], { folder })
    assert.equal(result.exitCode, 2)
  })
})
