import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { emitOutputs, finishOutputs } from '../../src/image/index.ts'
import { defaultOptions, type OutputOptions } from '../../src/manifest/index.ts'
import { formatTree, sampleFacts } from '../support/format-tree.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { realPrograms } from '../support/real-programs.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { linesOfFolder, linesOfTree } from '../support/tree-lines.ts'

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
