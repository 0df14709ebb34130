import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { readPackageFacts } from '../../src/dpkg/index.ts'
import { ScriptRunner } from '../../src/rootfs/run-dpkg.ts'
import { ScriptTrace } from '../../src/rootfs/script-trace.ts'
import { Staging } from '../../src/rootfs/staging.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'

async function stagingFolder(): Promise<Staging> {
  const folder = join(await scratchFolder(), 'root')
  await mkdir(folder)
  return new Staging(folder)
}

const write = (staging: Staging, path: string, text: string) => staging.writeFile(path, Buffer.from(text), 0o644)

describe('which script made a file', () => {
  test("is the one that changed it last; what is written between scripts is nobody's", async () => {
    const staging = await stagingFolder()
    const trace = new ScriptTrace(staging)
    trace.begin('the postinst of passwd')
    write(staging, 'etc/passwd', 'root')
    write(staging, 'etc/shadow', 'root')
    trace.end()
    write(staging, 'etc/hostname', 'web')
    trace.begin('the postinst of dbus')
    write(staging, 'etc/passwd', 'messagebus')
    write(staging, 'var/lib/dbus/id', '1')
    trace.end()
    const makers = trace.makers(path => path === 'etc' || path === 'var' || path === 'var/lib')
    assert.deepEqual([...makers].sort(), [
      ['etc/passwd', 'the postinst of dbus'],
      ['etc/shadow', 'the postinst of passwd'],
      ['var/lib/dbus', 'the postinst of dbus'],
      ['var/lib/dbus/id', 'the postinst of dbus'],
    ])
  })

  test('is known because packages are configured one by one, in the order that dpkg says', async () => {
    const staging = await stagingFolder()
    const lines: string[] = []
    const status = (name: string, triggers: string) => `Package: ${name}\nStatus: install ok installed\n${triggers}\n`
    write(staging, 'var/lib/dpkg/status', status('libc-bin', 'Triggers-Pending: ldconfig\n') + status('tool', ''))
    const scripts = new ScriptRunner(
      {
        backEnd: 'bubblewrap',
        weaknesses: [],
        run: async program => {
          lines.push(program.arguments.join(' '))
          if (program.arguments.includes('--no-act'))
            program.onOutput?.(Buffer.from('Setting up libtool:amd64 (1) ...\nSetting up tool (1) ...\n'))
          if (program.arguments.at(-1) === 'tool') write(staging, 'etc/tool', 'made')
          return { exitStatus: 0, output: new Uint8Array(), errorOutput: new Uint8Array() }
        },
      },
      staging,
      '1.21.22',
      new ScriptTrace(staging),
    )
    const deb = {
      name: 'tool',
      version: '1',
      architecture: 'amd64',
      multiArch: 'no',
      essential: false,
      control: Buffer.from('Package: tool\nVersion: 1\nArchitecture: amd64\nMaintainer: x\nDescription: x\n'),
      controlFiles: [],
      entries: [],
      md5BySha256: new Map(),
    } as const
    await scripts.configure([readPackageFacts(deb)], quietSession())
    assert.deepEqual(lines, [
      '--no-act --no-triggers --configure tool',
      '--force-depends --no-triggers --configure libtool:amd64',
      '--force-depends --no-triggers --configure tool',
      '--force-depends --triggers-only libc-bin',
      '--configure --pending',
    ])
  })
})
