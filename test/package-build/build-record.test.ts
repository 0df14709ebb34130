import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import {
  type BuildRecord,
  maximumRecordBytes,
  outputNameProblem,
  readBuildRecord,
  writeBuildRecord,
} from '../../src/package-build/index.ts'

const record: BuildRecord = {
  key: 'a'.repeat(64),
  packageName: 'hello',
  version: '1.0-1+r4',
  architecture: 'amd64',
  outputs: [
    { name: 'hello_1.0-1+r4_amd64.deb', sha256: 'c'.repeat(64), sizeBytes: 1000 },
    { name: 'hello-data_1.0-1+r4_all.deb', sha256: 'b'.repeat(64), sizeBytes: 10 },
  ],
}
const text = writeBuildRecord(record)

describe('the record of a build', () => {
  test('is read as it was written, outputs in byte order', () => {
    const read = readBuildRecord(text, record)
    assert.ok(read.kind === 'record')
    assert.deepEqual(
      read.record.outputs.map(each => each.name),
      ['hello-data_1.0-1+r4_all.deb', 'hello_1.0-1+r4_amd64.deb'],
    )
    assert.equal(writeBuildRecord(read.record), text)
  })

  test('of other inputs or another revision is not this one, however sound it is', () => {
    for (const wanted of [
      { ...record, key: 'b'.repeat(64) },
      { ...record, version: '1.0-1+r5' },
    ])
      assert.equal(readBuildRecord(text, wanted).kind, 'problem')
  })

  const hostile: readonly (readonly [string, (text: string) => string])[] = [
    ['is cut short', each => each.slice(0, -3)],
    ['is of a later format', each => each.replace('"record":1', '"record":2')],
    ['names a file elsewhere', each => each.replace('hello-data_', '../hello-data_')],
    ['names a file with a control character', each => each.replace('hello-data_', 'hello\\u001b[2J_')],
    ['names a file twice', each => each.replace('hello-data_1.0-1+r4_all.deb', 'hello_1.0-1+r4_amd64.deb')],
    ['has no outputs', each => each.replace(/"outputs":\[.*\]/, '"outputs":[]')],
    ['has a digest that is none', each => each.replace('b'.repeat(64), 'b'.repeat(63))],
    ['has a size below zero', each => each.replace('"sizeBytes":10}', '"sizeBytes":-1}')],
    ['is a list', () => '[]'],
    ['is larger than any', each => each + ' '.repeat(maximumRecordBytes)],
  ]
  for (const [what, change] of hostile)
    test(`is none where it ${what}`, () => {
      assert.notEqual(change(text), text)
      assert.equal(readBuildRecord(change(text), record).kind, 'problem')
    })
})

test('an output has a name that is a plain file name everywhere', () => {
  assert.equal(outputNameProblem('lib++_1%3a2.0~rc1-1_amd64.deb'), undefined)
  for (const name of ['', '.hidden.deb', 'a/b.deb', '..', 'a\nb.deb', 'a b.deb', '-x.deb', `${'x'.repeat(255)}.deb`])
    assert.notEqual(outputNameProblem(name), undefined, JSON.stringify(name))
})
