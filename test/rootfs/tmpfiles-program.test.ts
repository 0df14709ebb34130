import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { tmpfilesProgram } from '../../src/rootfs/tmpfiles-program.ts'
import { scratchFolder } from '../support/scratch.ts'

/** What systemd-tmpfiles 252 made of each was the expectation here; where it is installed, it is asked again. */
const cases: readonly (readonly [
  why: string,
  lines: readonly string[],
  expected: readonly string[],
  options?: readonly string[],
])[] = [
  [
    'folders are made with their parents, and have the mode of the line',
    ['d /var/lib/private 0700 root root -', 'd /srv/a/b/c', 'q /home 0711 - - -', 'v /var/lib/machines 0700 - - -'],
    [
      '755 0:0 etc/',
      '644 0:0 etc/machine-id = 0123456789abcdef0123456789abcdef',
      '640 0:0 etc/motd = old',
      '755 0:0 etc/tmpfiles.d/',
      '711 0:0 home/',
      '755 0:0 srv/',
      '755 0:0 srv/a/',
      '755 0:0 srv/a/b/',
      '755 0:0 srv/a/b/c/',
      '777 0:0 srv/link -> nowhere',
      '755 0:0 usr/',
      '755 0:0 usr/share/',
      '755 0:0 usr/share/factory/',
      '755 0:0 usr/share/factory/etc/',
      '644 0:0 usr/share/factory/etc/copied = factory',
      '755 0:0 var/',
      '755 0:0 var/lib/',
      '700 0:0 var/lib/machines/',
      '700 0:0 var/lib/private/',
      '775 7:7 var/owned/',
    ],
  ],
  [
    'a folder that is there gets the mode and the owner of the line, unless they are for new ones only',
    ['d /srv 0750 3 4 -', 'd /var :0700 :5 :6 -', 'd /new :0700 :5 :6'],
    ['700 5:6 new/', '750 3:4 srv/', '755 0:0 var/'],
  ],
  [
    'files are written when they are new; F and f+ write anyway',
    [
      'f /etc/motd 0644 - - - fresh',
      'f /etc/new 0600 - - - a\\x20b\\n',
      'F /etc/over - - - - x',
      'f+ /etc/motd2 - - - - y',
    ],
    ['644 0:0 etc/motd = old', '644 0:0 etc/motd2 = y', '600 0:0 etc/new = a b\n', '644 0:0 etc/over = x'],
  ],
  [
    'links are made where nothing is; L+ replaces',
    ['L /srv/link - - - - elsewhere', 'L+ /etc/motd - - - - ../run/motd', 'L /etc/copied'],
    [
      '777 0:0 etc/copied -> /usr/share/factory/etc/copied',
      '777 0:0 etc/motd -> ../run/motd',
      '777 0:0 srv/link -> nowhere',
    ],
  ],
  [
    'C copies what is not there',
    ['C /etc/copied', 'C /etc/absent', 'C /etc/motd - - - - /etc/machine-id'],
    ['644 0:0 etc/copied = factory', '640 0:0 etc/motd = old'],
  ],
  [
    'patterns adjust what is there, Z all below it, ~ only as far as a bit of its kind is set',
    ['z /etc/mot* 0604 3 - -', 'z /absent 0600', 'Z /usr/share/factory ~2755 - 9', 'w /etc/machine-id - - - - written'],
    [
      '604 3:0 etc/motd = old',
      '2755 0:9 usr/share/factory/',
      '2755 0:9 usr/share/factory/etc/',
      '644 0:9 usr/share/factory/etc/copied = factory',
    ],
  ],
  [
    'lines for the boot, credentials, caches and ids that are not known are passed over',
    ['d! /boot-only', 'f^ /etc/hosts - - - - network.hosts', 'x /var/x', 'h /var - - - - +C', 'd /var/%m'],
    ['755 0:0 var/0123456789abcdef0123456789abcdef/'],
  ],
  ['--prefix takes what lies below', ['d /srv/a', 'd /srvb', 'd /home'], ['755 0:0 srv/a/'], ['--prefix', '/srv']],
  ['of two lines for one path the first counts', ['d /srv/a 0700', 'd /srv/a 0755'], ['700 0:0 srv/a/']],
  [
    'what lies in the folder of somebody else, but would be of another, is left alone',
    ['d /var/owned/a/b 0755 0 0', 'd /var/owned/own 0755 7 7'],
    ['755 0:0 var/owned/a/', '755 7:7 var/owned/own/'],
  ],
  [
    '--remove takes away',
    ['r /etc/motd', 'R /usr/share/factory', 'D /etc/tmpfiles.d'],
    ['755 0:0 usr/share/'],
    ['--remove'],
  ],
]

const root = process.getuid?.() === 0
const perl = spawnSync('perl', ['-v']).status === 0
if (!root || !perl) process.stderr.write('\n*** SKIPPED: tmpfiles.d needs root, to give files away, and perl\n')
const systemd = spawnSync('systemd-tmpfiles', ['--version'])
const isSystemd252 = systemd.stdout?.toString().startsWith('systemd 252 ') === true

async function made(program: readonly [string, ...string[]], lines: readonly string[], options: readonly string[]) {
  const folder = await scratchFolder()
  for (const path of ['etc/tmpfiles.d', 'srv', 'usr/share/factory/etc', 'var/lib', 'var/owned'])
    await mkdir(join(folder, path), { recursive: true })
  await writeFile(join(folder, 'etc/machine-id'), '0123456789abcdef0123456789abcdef')
  await writeFile(join(folder, 'etc/motd'), 'old')
  await writeFile(join(folder, 'usr/share/factory/etc/copied'), 'factory')
  await writeFile(join(folder, 'etc/tmpfiles.d/case.conf'), `# a comment\n\n${lines.join('\n')}\n`)
  execFileSync('sh', [
    '-c',
    'cd "$1"; ln -s nowhere srv/link; chown 7:7 var/owned; chmod 775 var/owned; chmod 640 etc/motd',
    'sh',
    folder,
  ])
  const [first, ...rest] = program
  const doing = options.includes('--remove') ? [] : ['--create']
  spawnSync(first, [...rest, `--root=${folder}`, ...doing, ...options, 'case.conf'])
  return listing(folder, '').filter(line => !line.includes('case.conf'))
}

function listing(folder: string, below: string): readonly string[] {
  return readdirSync(join(folder, below))
    .sort()
    .flatMap(name => {
      const path = join(below, name)
      const stats = lstatSync(join(folder, path))
      const head = `${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid} ${path}`
      if (stats.isDirectory()) return [`${head}/`, ...listing(folder, path)]
      if (stats.isSymbolicLink()) return [`${head} -> ${readlinkSync(join(folder, path))}`]
      return [`${head} = ${readFileSync(join(folder, path), 'utf8')}`]
    })
}

describe.skipIf(!root || !perl)('the stand-in for systemd-tmpfiles', () => {
  for (const [why, lines, expected, options = []] of cases)
    test(why, async () => {
      const script = join(await scratchFolder(), 'systemd-tmpfiles')
      await writeFile(script, tmpfilesProgram)
      const found = await made(['perl', script], lines, options)
      if (isSystemd252) assert.deepEqual(found, await made(['systemd-tmpfiles'], lines, options), 'as systemd 252')
      assert.deepEqual(
        expected.filter(line => !found.includes(line)),
        [],
        found.join('\n'),
      )
    })
})
