import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'vitest'
import type { ProcessRunner } from '../../src/kernel/index.ts'
import { type DiagnosisRequest, diagnoseHost, type Finding } from '../../src/workflows/diagnose-host.ts'

let system = ''
beforeEach(() => {
  system = mkdtempSync(join(tmpdir(), 'aptroot-host-'))
})
afterEach(() => rmSync(system, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(system, path)), { recursive: true })
  writeFileSync(join(system, path), text)
}

function runnerWith(programs: readonly string[]): ProcessRunner {
  return {
    run: () => Promise.reject(new Error('nothing is to be run')),
    find: async name => (programs.includes(name) ? `/usr/bin/${name}` : undefined),
  }
}

async function diagnose(
  changes: Partial<DiagnosisRequest> = {},
  programs: readonly string[] = [],
): Promise<ReadonlyMap<string, Finding>> {
  const findings = await diagnoseHost(
    {
      nodeVersion: '20.19.0',
      platform: 'linux',
      machine: 'x64',
      user: { id: 1000, name: 'ada' },
      storeFolder: join(system, 'cache/store'),
      systemFolder: system,
      ...changes,
    },
    { processRunner: runnerWith(programs) },
  )
  return new Map(findings.map(each => [each.name, each]))
}

describe('doctor', () => {
  test('asks for Node 20.19', async () => {
    const versions = ['18.20.0', '20.18.9', '20.19.0', '22.1.0', '24.0.0']
    const statuses = await Promise.all(
      versions.map(async nodeVersion => (await diagnose({ nodeVersion })).get('Node')?.status),
    )
    assert.deepEqual(statuses, ['problem', 'problem', 'ok', 'ok', 'ok'])
  })

  test('names what to install for a program that is missing', async () => {
    const findings = await diagnose({}, ['git', 'newuidmap'])
    assert.equal(findings.get('git')?.status, 'ok')
    assert.equal(findings.get('bwrap')?.advice, 'apt install bubblewrap')
    assert.equal(findings.get('newuidmap, newgidmap')?.found, 'newgidmap not on PATH')
  })

  test('gives advice wherever something is not well', async () => {
    for (const finding of (await diagnose({ nodeVersion: '1.0.0', platform: 'darwin' })).values())
      assert.equal(finding.status === 'ok', finding.advice === undefined, finding.name)
  })

  describe('on user namespaces', () => {
    const rows = [
      [{}, 'ok', 'a kernel without the Debian and Ubuntu switches restricts nothing'],
      [{ 'user/max_user_namespaces': '0\n' }, 'absent', 'none may be made at all'],
      [{ 'kernel/unprivileged_userns_clone': '0\n' }, 'absent', 'the Debian switch is off'],
      [{ 'kernel/unprivileged_userns_clone': '1\n' }, 'ok', 'the Debian switch is on'],
      [{ 'kernel/apparmor_restrict_unprivileged_userns': '1\n' }, 'absent', 'Ubuntu 24.04 restricts them'],
    ] as const
    for (const [files, status, why] of rows)
      test(`${JSON.stringify(files)} is ${status}: ${why}`, async () => {
        for (const [path, text] of Object.entries(files)) write(`proc/sys/${path}`, text)
        assert.equal((await diagnose()).get('user namespaces')?.status, status)
      })

    test('root is not restricted by the switches', async () => {
      write('proc/sys/kernel/unprivileged_userns_clone', '0\n')
      assert.equal((await diagnose({ user: { id: 0, name: 'root' } })).get('user namespaces')?.status, 'ok')
    })
  })

  describe('on subordinate ids', () => {
    const rows = [
      ['ada:100000:65536\n', 'ok', 'by name'],
      ['1000:100000:65536\n', 'ok', 'by number'],
      ['bob:100000:65536\n', 'absent', 'another user'],
      ['ada:100000:1000\n', 'absent', 'too few'],
      ['', 'absent', 'none'],
    ] as const
    for (const [text, status, why] of rows)
      test(`${JSON.stringify(text)} is ${status}: ${why}`, async () => {
        write('etc/subuid', text)
        write('etc/subgid', text)
        assert.equal((await diagnose()).get('subordinate ids')?.status, status)
      })
  })

  test('knows whether the kernel has overlay, and which foreign binaries run', async () => {
    const before = await diagnose()
    assert.deepEqual([before.get('overlay')?.status, before.get('binfmt_misc')?.status], ['absent', 'absent'])
    write('proc/filesystems', 'nodev\tproc\n\text4\nnodev\toverlay\n')
    const magic = '7f454c460201010000000000000000000200b700'
    write(
      'proc/sys/fs/binfmt_misc/qemu-aarch64',
      `enabled\ninterpreter /usr/qemu\nflags: OCF\noffset 0\nmagic ${magic}\n`,
    )
    const after = await diagnose()
    assert.deepEqual([after.get('overlay')?.status, after.get('binfmt_misc')?.status], ['ok', 'ok'])
  })

  test('knows that an emulator is enough since Linux 6.7', async () => {
    assert.equal((await diagnose()).get('binfmt_misc')?.advice, 'apt install qemu-user-static')
    const statuses: (string | undefined)[] = []
    for (const release of ['6.6.13-amd64', '6.7.0', '6.18.1', '7.0.0']) {
      write('proc/sys/kernel/osrelease', `${release}\n`)
      statuses.push((await diagnose({}, ['qemu-riscv64-static'])).get('binfmt_misc')?.status)
    }
    assert.deepEqual(statuses, ['absent', 'ok', 'ok', 'ok'])
    assert.equal((await diagnose({}, ['qemu-riscv64-static'])).get('binfmt_misc')?.found, 'emulators for riscv64')
  })

  test('tries whether bubblewrap can make its namespaces', async () => {
    const trial = async (exitStatus: number, errorOutput: string) => {
      const request = {
        nodeVersion: '22.0.0',
        platform: 'linux',
        machine: 'x64',
        user: { id: 1000, name: 'ada' },
        storeFolder: join(system, 'store'),
        systemFolder: system,
      }
      const processRunner: ProcessRunner = {
        find: async name => (name === 'bwrap' ? '/usr/bin/bwrap' : undefined),
        run: async () => ({ exitStatus, output: new Uint8Array(), errorOutput: Buffer.from(errorOutput) }),
      }
      return (await diagnoseHost(request, { processRunner })).find(each => each.name === 'sandbox')
    }
    assert.equal((await trial(0, ''))?.status, 'ok')
    const refused = await trial(1, 'bwrap: setting up uid map: Permission denied\n')
    assert.match(refused?.found ?? '', /cannot make its namespaces \(setting up uid map: Permission denied\)/)
    assert.match(refused?.advice ?? '', /user namespaces/)
    assert.equal((await diagnose()).get('sandbox')?.advice, 'apt install bubblewrap')
  })

  test('does not make the store, but says whether it could', async () => {
    const finding = (await diagnose()).get('store')
    assert.match(finding?.found ?? '', /made on first use.*GB free/)
  })

  test.skipIf(process.getuid?.() === 0)('calls a store that cannot be written a problem', async () => {
    const folder = join(system, 'read-only')
    mkdirSync(folder)
    chmodSync(folder, 0o555)
    assert.equal((await diagnose({ storeFolder: join(folder, 'store') })).get('store')?.status, 'problem')
  })
})
