import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Ajv } from 'ajv'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { writeLockfile } from '../../src/lockfile/index.ts'
import { readAuditFile } from '../../src/manifest/audit-file.ts'
import { loadSecurityData } from '../../src/workflows/load-security-data.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { assertFault } from '../support/assert-fault.ts'
import { lockedDeb, lockWith } from '../support/lock-values.ts'
import { quietSession } from '../support/scratch.ts'
import { scratchStore } from '../support/stored-debs.ts'

/** Written by hand after https://security-tracker.debian.org/tracker/data/json. */
const tracker = JSON.stringify({
  openssl: {
    'CVE-2024-0001': {
      releases: {
        bookworm: {
          status: 'resolved',
          fixed_version: '3.0.16-1',
          urgency: 'high',
          repositories: { 'bookworm-security': '3.0.16-1' },
        },
      },
    },
    'CVE-2024-0002': {
      releases: { bookworm: { status: 'open', urgency: 'unimportant', nodsa: '\u001b[2J<b>Minor</b>' } },
    },
  },
})

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-audit-'))
  writeFileSync(join(folder, 'tracker.json'), tracker)
  writeFileSync(
    join(folder, 'aptroot.lock'),
    writeLockfile(lockWith([lockedDeb('libssl3:amd64=3.0.15-1', { sourceName: 'openssl', root: 'wanted' })])),
  )
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const ask = (...words: string[]) => runAptroot(['lock', 'audit', ...words], { folder })
const ignore = (until: string, more = '') =>
  writeFileSync(
    join(folder, 'aptroot-audit.yaml'),
    `ignore:\n  - {id: CVE-2024-0001, reason: "not reachable", until: "${until}"${more}}\n`,
  )

describe('lock audit', () => {
  test('lists what is known, with the fix and the date of the data, and ends with 1', async () => {
    const { output, exitCode, errorOutput } = await ask('--security-data', 'tracker.json')
    assert.equal(exitCode, 1, errorOutput)
    assert.match(output, /^openssl 3\.0\.15-1 \(libssl3:amd64\)$/m)
    assert.match(output, /^ {2}CVE-2024-0001, high: fixed in 3\.0\.16-1 \(bookworm-security\)$/m)
    assert.match(output, /^ {2}CVE-2024-0002, unimportant: no fix yet; \\u001b\[2J<b>Minor<\/b>$/m)
    assert.match(
      output,
      /^aptroot\.lock: 2 known vulnerabilities in 1 source package \(file of \d{4}-\d\d-\d\d: tracker\.json\)\.$/m,
    )
    assert.match(errorOutput, /has CVE-2024-0001 in openssl 3\.0\.15-1 \[LOCK_VULNERABLE\]/)
  })

  test('with --fail-on ends with 9 for that alone', async () => {
    const fixable = envelopeOf(await ask('--security-data', 'tracker.json', '--fail-on', 'fixable', '--json'))
    assert.deepEqual([fixable.exitCode, fixable.fault?.code], [9, 'REVIEW_GATE'])
    assert.equal((await ask('--security-data', 'tracker.json', '--fail-on', 'unassigned')).exitCode, 0)
    const wrong = await ask('--security-data', 'tracker.json', '--fail-on', 'hihg')
    assert.match(wrong.errorOutput, /Did you mean high\?/)
    assert.equal(wrong.exitCode, 2)
  })

  test('lets an entry with reason and end date pass, and says when it no longer applies', async () => {
    ignore('2999-01-31')
    const passed = await ask('--security-data', 'tracker.json')
    assert.match(passed.output, /CVE-2024-0001, high: .*; ignored until 2999-01-31: not reachable$/m)
    assert.equal(passed.exitCode, 0)
    ignore('2020-01-31')
    const expired = await ask('--security-data', 'tracker.json')
    assert.match(expired.errorOutput, /CVE-2024-0001 is ignored no longer: that ended on 2020-01-31 \(not reachable\)/)
    assert.equal(expired.exitCode, 1)
  })

  test('answers as its schema says', async () => {
    ignore('2999-01-31')
    const envelope = envelopeOf(await ask('--security-data', 'tracker.json', '--json'))
    const schema = JSON.parse(readFileSync(new URL('../../schema/lock-audit.schema.json', import.meta.url), 'utf8'))
    const accepts = new Ajv().compile(schema)
    assert.ok(accepts(envelope.result), JSON.stringify(accepts.errors))
  })

  test('never passes without data: neither named nor there', async () => {
    const unnamed = await ask()
    assert.equal(unnamed.exitCode, 2)
    assert.match(unnamed.errorOutput, /no data about vulnerabilities was named.*\nhint: Add --security-data https:/)
    const absent = envelopeOf(await ask('--security-data', 'absent.json', '--json'))
    assert.deepEqual([absent.exitCode, absent.fault?.code], [2, 'SECURITY_DATA_MISSING'])
  })

  test('takes data from a setting of the user, never from one of the project', async () => {
    const place = { folder, environment: { APTROOT_SECURITY_DATA: 'tracker.json' } }
    assert.equal((await runAptroot(['lock', 'audit'], place)).exitCode, 1)
    const { mkdirSync } = await import('node:fs')
    mkdirSync(join(folder, '.aptroot'))
    writeFileSync(join(folder, '.aptroot/settings.yaml'), 'security-data: tracker.json\n')
    const refused = envelopeOf(await ask('--json'))
    assert.equal(refused.fault?.code, 'SETTINGS_INVALID')
  })
})

describe('an ignore file', () => {
  const wrong = {
    'ignore:\n  - {id: CVE-2024-0001, until: "2027-01-31"}': /:2:5: `reason` is missing/,
    'ignore:\n  - {id: CVE-2024-0001, reason: x}': /`until` is missing/,
    'ignore:\n  - {id: CVE-2024-0001, reason: x, until: "2027-02-30"}': /no day of the calendar/,
    'ignore:\n  - {id: openssl, reason: x, until: "2027-01-31"}': /is no id of a vulnerability/,
    'ignored: []': /ignored/,
  }
  for (const [text, message] of Object.entries(wrong))
    test(`is refused with line and column: ${text.replaceAll('\n', ' ')}`, () =>
      assertFault(readAuditFile(text, 'aptroot-audit.yaml'), 'MANIFEST_INVALID', message).then(() => undefined))
})

describe('security data', () => {
  const world = (milliseconds: number) => ({
    clock: { now: () => new Date(milliseconds), sleep: async () => undefined },
    workingFolder: folder,
  })
  const hour = 3_600_000
  const url = 'https://tracker.example.org/data/json'

  test('of an address is kept for six hours, and longer where the network is off limits or silent', async () => {
    const store = await scratchStore()
    let asked = 0
    let isSilent = false
    const { Fault } = await import('../../src/kernel/index.ts')
    const transfer = {
      parallelism: 1,
      downloadBytes: async () => {
        asked++
        if (isSilent) throw new Fault('NETWORK_TIMEOUT', { message: 'silent', hint: 'Name another `--mirror ID=URI`.' })
        return gzipSync(tracker)
      },
      downloadBlob: async () => undefined,
      probe: async () => undefined,
    }
    const load = async (hours: number, mode: 'online' | 'offline') =>
      (await loadSecurityData(url, { store, transfer, mode }, quietSession(), world(hours * hour))).origin.date
    await assertFault(load(0, 'offline'), 'SECURITY_DATA_MISSING', /no copy of https:\/\/tracker\.example\.org/)
    assert.equal(await load(0, 'online'), '1970-01-01')
    assert.equal(await load(5, 'online'), '1970-01-01')
    assert.equal(asked, 1)
    assert.equal(await load(48, 'online'), '1970-01-03')
    assert.equal(await load(480, 'offline'), '1970-01-03')
    assert.equal(asked, 2)
    isSilent = true
    assert.equal(await load(480, 'online'), '1970-01-03')
    assert.equal(asked, 3)
    const other = { store: await scratchStore(), transfer, mode: 'online' } as const
    const fault = await assertFault(loadSecurityData(url, other, quietSession(), world(0)), 'NETWORK_TIMEOUT')
    assert.match(fault.hint ?? '', /^Check the address, the proxy and the network/)
  })

  test('comes over https or from this machine, and is bounded', async () => {
    const site = { store: await scratchStore(), transfer: undefined as never, mode: 'online' } as const
    const load = (place: string) => loadSecurityData(place, site, quietSession(), world(0))
    for (const place of ['http://tracker.example.org/json', 'ftp://127.0.0.1/json', 'file:///etc/passwd'])
      await assertFault(load(place), 'SETTINGS_INVALID', /nobody vouches/)
    await assertFault(load('.'), 'SECURITY_DATA_MALFORMED', /no regular file/)
    writeFileSync(join(folder, 'binary.json'), Buffer.from([0x22, 0xff, 0x22]))
    await assertFault(load('binary.json'), 'SECURITY_DATA_MALFORMED', /not UTF-8/)
    writeFileSync(join(folder, 'html.json'), '<html>')
    await assertFault(load('html.json'), 'SECURITY_DATA_MALFORMED', 'html.json is not JSON')
  })
})
