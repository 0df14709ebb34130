import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { emitOstree, emitOutputs, emitTar, finishOutputs } from '../../src/image/index.ts'
import { defaultOptions, type OutputOptions } from '../../src/manifest/index.ts'
import { deviceTree } from '../support/device-tree.ts'
import { formatTree, sampleFacts } from '../support/format-tree.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { realPrograms } from '../support/real-programs.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { linesOfFolder, linesOfTree } from '../support/tree-lines.ts'
import { neighbours } from '../support/trees.ts'

const isRoot = process.getuid?.() === 0

async function missing(...programs: readonly string[]): Promise<string | undefined> {
  if (!isRoot) return 'only root can unpack owners and device nodes'
  for (const program of programs)
    if ((await realPrograms().find(program)) === undefined) return `${program} is not installed`
  return undefined
}

async function emitted(parent: string, options: OutputOptions): Promise<string> {
  const path = join(parent, 'image')
  const request = { root: formatTree, facts: sampleFacts, ownership: 'tree', runner: realPrograms() } as const
  await finishOutputs(
    await emitOutputs({ ...request, outputs: [{ ...options, path, name: 'image' }] }, quietSession()),
    quietSession(),
  )
  return path
}

const run = (program: string, ...rest: readonly string[]) =>
  execFileSync(program, rest, { encoding: 'latin1', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'pipe'] })

/** In the hexadecimal form of the value. */
const capabilityOf = (file: string) =>
  run('python3', '-c', 'import os, sys; print(os.getxattr(sys.argv[1], "security.capability").hex())', file).trim()
const netRaw = '0100000200200000000000000000000000000000'
const expected = linesOfTree(formatTree.tree).sort()
/** The root folder as another time leaves it. */
const withoutRootTime = (lines: readonly string[]) => lines.map(line => line.replace(/^(\/ d \d+ \d+ \d+) \d+/, '$1'))

const withoutTar = skippedForWantOf(await missing('tar'))
describe.skipIf(withoutTar)('a tar', () => {
  test('is what GNU tar unpacks into the tree, with the time of each folder', async () => {
    const parent = await scratchFolder()
    const target = { path: join(parent, 'r.tar'), name: 'r.tar' }
    await emitTar({ root: neighbours, target, runner: realPrograms() }, quietSession())
    mkdirSync(join(parent, 'there'))
    run('tar', '-xpf', target.path, '-C', join(parent, 'there'))
    // Which of two names is told as the first depends on the order of telling.
    const linked = (lines: readonly string[]) => lines.map(line => line.replace(/ lib\/\S+$/, ' linked'))
    assert.deepEqual(linked(linesOfFolder(join(parent, 'there'))), linked(linesOfTree(neighbours.tree).sort()))
  })
})

const withoutContainers = skippedForWantOf(await missing('skopeo', 'umoci', 'python3'))
describe.skipIf(withoutContainers)('an OCI layout', () => {
  for (const layers of ['single', 'packages'] as const)
    test(`is what skopeo inspects and umoci unpacks into the tree, with layers: ${layers}`, async () => {
      const parent = await scratchFolder()
      const image = await emitted(parent, { ...defaultOptions('oci'), reference: 'web:latest', layers })
      const inspected = JSON.parse(run('skopeo', 'inspect', `oci:${image}:web:latest`))
      assert.deepEqual([inspected.Architecture, inspected.Created], ['amd64', '2023-11-14T22:13:20Z'])
      run('umoci', 'unpack', '--image', `${image}:web:latest`, join(parent, 'bundle'))
      assert.deepEqual(linesOfFolder(join(parent, 'bundle/rootfs')), expected)
      assert.equal(capabilityOf(join(parent, 'bundle/rootfs/usr/bin/ping')), netRaw)
    })
})

const withoutSquashfs = skippedForWantOf(await missing('mksquashfs', 'unsquashfs', 'python3'))
describe.skipIf(withoutSquashfs)('a squashfs', () => {
  for (const compression of ['gzip', 'xz', 'zstd'] as const)
    test(`is what unsquashfs unpacks into the tree, compressed with ${compression}`, async () => {
      const parent = await scratchFolder()
      const image = await emitted(parent, { format: 'squashfs', compression })
      run('unsquashfs', '-quiet', '-no-progress', '-d', join(parent, 'root'), image)
      assert.deepEqual(withoutRootTime(linesOfFolder(join(parent, 'root'))), withoutRootTime(expected))
      assert.equal(capabilityOf(join(parent, 'root/usr/bin/ping')), netRaw)
    })
})

const withoutErofs = skippedForWantOf(await missing('fsck.erofs', 'dump.erofs'))
describe.skipIf(withoutErofs)('an EROFS image', () => {
  test('is what fsck.erofs accepts and extracts into the tree', async () => {
    const parent = await scratchFolder()
    const image = await emitted(parent, { format: 'erofs' })
    run('fsck.erofs', `--extract=${join(parent, 'root')}`, image)
    // fsck.erofs 1.5 extracts neither setuid bits, which its chown clears, nor hard links; dump.erofs shows these.
    const comparable = (lines: readonly string[]) =>
      lines.map(line => line.replace(/^(\S+ f) 4755/, '$1 0755').replace(/ \S*$/, ' '))
    assert.deepEqual(comparable(linesOfFolder(join(parent, 'root'))), comparable(expected))
    const numbers = ['su', 'su2'].map(name => run('dump.erofs', `--path=/usr/bin/${name}`, image))
    const nids = numbers.map(text => /NID: (\d+) +Links: 2 /.exec(text)?.[1])
    assert.ok(nids[0] !== undefined && nids[0] === nids[1], numbers.join())
  })
})

const withoutExt4 = skippedForWantOf(await missing('e2fsck', 'debugfs'))
describe.skipIf(withoutExt4)('an ext4 image', () => {
  test('is clean for e2fsck, and debugfs finds the tree in it', async () => {
    const parent = await scratchFolder()
    const image = await emitted(parent, { format: 'ext4', sizeBytes: undefined, label: 'root' })
    run('e2fsck', '-f', '-n', image)
    mkdirSync(join(parent, 'root'))
    run('debugfs', '-R', `rdump / ${join(parent, 'root')}`, image)
    // rdump makes no special files, hard links, setuid and sticky bits, nor times of links; `stat` below tells of these.
    const isDumped = (line: string) => / [fd] \d{4} /.test(line) && !line.startsWith('/lost+found')
    const comparable = (lines: readonly string[]) =>
      lines
        .filter(isDumped)
        .map(line => line.replace(/( [fd] )\d/, (_, type: string) => `${type}0`).replace(/ \S*$/, ' '))
    assert.deepEqual(
      withoutRootTime(comparable(linesOfFolder(join(parent, 'root')))),
      withoutRootTime(comparable(expected)),
    )
    const commands = ['/usr/bin/su', '/usr/bin/su2', '/dev/null', '/dev/loop0', '/dev/pipe', '/bin'].map(
      path => `stat ${path}`,
    )
    writeFileSync(join(parent, 'commands'), [...commands, 'ea_get -x /usr/bin/ping security.capability'].join('\n'))
    const [su, su2, null_, loop0, pipe, bin] = run('debugfs', '-f', join(parent, 'commands'), image)
      .split('debugfs: stat ')
      .slice(1)
    assert.match(su ?? '', /Mode: +04755 [\s\S]*User: +7 +Group: 70000 [\s\S]*Links: 2 /)
    assert.equal(/Inode: \d+/.exec(su ?? '')?.[0], /Inode: \d+/.exec(su2 ?? '')?.[0])
    assert.match(null_ ?? '', /character special +Mode: +0600[\s\S]*major\/minor number: 01:03/)
    assert.match(loop0 ?? '', /block special +Mode: +0600[\s\S]*major\/minor number: 07:300/)
    assert.match(pipe ?? '', /Type: FIFO +Mode: +0600/)
    assert.match(bin ?? '', /Fast link dest: "usr\/bin"[\s\S]*01 00 00 02 00 20 00/)
  })
})

const withoutOstree = skippedForWantOf(await missing('ostree', 'chattr'))
describe.skipIf(withoutOstree)('an ostree commit', () => {
  test('passes ostree fsck, and ostree ls -R finds the tree with its owners in it', async () => {
    const parent = await scratchFolder()
    const tree = new Map([...formatTree.tree].filter(([path]) => isUtf8(Buffer.from(path, 'latin1'))))
    const target = { path: join(parent, 'repo'), name: 'repo' }
    const options = { ...defaultOptions('ostree'), reference: 'debian/amd64', layout: 'plain' as const }
    await emitOstree({ root: { ...formatTree, tree }, facts: sampleFacts, options, target }, quietSession())
    run('ostree', `--repo=${target.path}`, 'fsck')
    const listed = run('ostree', `--repo=${target.path}`, 'ls', '-R', 'debian/amd64').trim().split('\n')
    const wanted = [...tree].flatMap(([path, entry]) => {
      if (!['file', 'directory', 'symlink'].includes(entry.kind)) return []
      const type = entry.kind === 'file' ? '-' : entry.kind === 'symlink' ? 'l' : 'd'
      const size = entry.kind === 'file' ? entry.content.sizeBytes : 0
      const arrow = entry.kind === 'symlink' ? ` -> ${entry.target}` : ''
      const mode = entry.mode.toString(8).padStart(5, '0')
      return `${type}${mode} ${entry.userId} ${entry.groupId} ${size} /${path}${arrow}`
    })
    assert.deepEqual(listed.map(line => line.replace(/ +/g, ' ')).sort(), wanted.sort())
    const shown = run('ostree', `--repo=${target.path}`, 'ls', '-X', 'debian/amd64', '/usr/bin/ping')
    assert.ok(shown.includes("(b'security.capability', [byte 0x01, 0x00, 0x00, 0x02, 0x00, 0x20,"), shown)
  })

  test('is deployed by ostree admin deploy, with its kernel and its own /etc', async () => {
    const parent = await scratchFolder()
    const target = { path: join(parent, 'repo'), name: 'repo' }
    const options = { ...defaultOptions('ostree'), reference: 'debian/amd64' }
    const { commit } = await emitOstree({ root: deviceTree, facts: sampleFacts, options, target }, quietSession())
    const system = join(parent, 'system')
    mkdirSync(system)
    run('ostree', 'admin', 'init-fs', system)
    run('ostree', 'admin', 'os-init', `--sysroot=${system}`, 'debian')
    run('ostree', `--repo=${system}/ostree/repo`, 'pull-local', target.path, 'debian/amd64')
    run('ostree', 'admin', 'deploy', `--sysroot=${system}`, '--os=debian', '--karg-none', 'debian/amd64')
    const deployed = join(system, 'ostree/deploy/debian/deploy', `${commit}.0`)
    // ostree makes it immutable, and the scratch folder could not be removed.
    run('chattr', '-i', deployed)
    const { uid, gid, mode } = lstatSync(join(deployed, 'etc/hostname'))
    assert.deepEqual([uid, gid, mode & 0o7777], [7, 8, 0o640])
    assert.equal(lstatSync(join(deployed, 'usr/bin/su')).mode & 0o7777, 0o4755)
    const entry = readFileSync(join(system, 'boot/loader/entries/ostree-1-debian.conf'), 'utf8')
    assert.match(entry, /^linux \S+\/vmlinuz-6\.1\.0-1-amd64\ninitrd \S+\/initramfs-6\.1\.0-1-amd64\.img$/m)
  })
})
