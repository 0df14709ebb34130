import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'vitest'
import { programForTests, startProgram } from '../support/child-program.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { realPrograms } from '../support/real-programs.ts'
import { scratchFolder } from '../support/scratch.ts'

const missing = (await realPrograms().find('strace')) === undefined ? 'strace is not installed' : undefined
const { built } = programForTests('test/store/processes.program.ts')

test.skipIf(skippedForWantOf(missing))(
  'a blob is on the disk before it has its name, and the name before anybody is told',
  { timeout: 30_000 },
  async () => {
    const folder = await scratchFolder()
    const log = join(await scratchFolder(), 'calls')
    const recording = ['-f', '-qq', '-y', '-o', log, '-e', 'trace=fsync,rename,write', '-s', '300']
    const { status } = await startProgram('strace', [
      ...recording,
      process.execPath,
      built.path,
      'write',
      folder,
      '100000',
    ]).ended()
    assert.equal(status, 0)

    const calls = (await readFile(log, 'utf8')).split('\n')
    const renamed = calls.findIndex(line => line.includes('rename(') && line.includes('/sha256/'))
    const [, temporary = '', blobFolder = ''] =
      /rename\("([^"]*\/temporary\/[0-9a-f]{32})", "([^"]*\/sha256\/[0-9a-f]{2})\/[0-9a-f]{62}"/.exec(
        calls[renamed] ?? '',
      ) ?? []
    assert.notEqual(temporary, '', 'renamed from a random name to that of its digest')
    const synced = (path: string) => calls.findIndex(line => line.includes(`fsync(`) && line.includes(`<${path}>`))
    const told = calls.findIndex(line => /write\(1<.*"stored/.test(line))
    const order = [synced(temporary), renamed, synced(blobFolder), told]
    assert.ok(
      order.every(at => at >= 0),
      `all four happened: ${order}`,
    )
    assert.deepEqual(
      order.toSorted((one, other) => one - other),
      order,
    )
    const parents = ['', '/store-v1', '/store-v1/sha256'].map(each => synced(`${folder}${each}`))
    assert.ok(
      parents.every(at => at > renamed && at < told),
      'and so were the names of the folders that had to be made',
    )
  },
)
