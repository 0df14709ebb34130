import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { versionStep } from '../../src/review/index.ts'

describe('the kind of a change in Debian’s words', () => {
  const rows = [
    ['1.2-3', '1.2-3+b1', 'other', 'rebuild', undefined, 'a binary rebuild'],
    ['1.2-3+b1', '1.2-3+b2', 'other', 'rebuild', undefined, 'one rebuild after another'],
    ['3.0.15-1~deb12u1', '3.0.16-1~deb12u1', 'security', 'security-upload', 'patch', 'a fix by a new upstream'],
    ['2.36-9+deb12u9', '2.36-9+deb12u10', 'security', 'security-upload', undefined, 'a fix by a patch'],
    ['2.36-9+deb12u9', '2.36-9+deb12u10', 'other', 'stable-update', undefined, 'a point release'],
    ['20230311', '20230311+deb12u1', 'other', 'stable-update', 'other', 'a point release of a native package'],
    ['1.2-3ubuntu1', '1.2-3ubuntu1.1', 'other', 'ubuntu-update', undefined, 'an update of Ubuntu'],
    ['1.2-3', '1.4-1~bpo12+1', 'other', 'backport', 'minor', 'a backport'],
    ['1.9-1', '1:0.5-1', 'other', 'epoch', 'major', 'an epoch outweighs what follows'],
    ['1.2-3', '1.2-2', 'other', 'downgrade', undefined, 'an earlier revision'],
    ['1:1.2-3', '1.3-1', 'security', 'downgrade', 'minor', 'a lost epoch, whatever the rest says'],
    ['1.2.3-1', '1.2.4-1', 'other', 'new-upstream', 'patch', 'the third number'],
    ['1.2.3+dfsg-1', '1.3.0+dfsg-1', 'other', 'new-upstream', 'minor', 'the second, whatever is appended'],
    ['9-1', '10-1', 'other', 'new-upstream', 'major', 'the first'],
    ['1.2.3.4-1', '1.2.3.5-1', 'other', 'new-upstream', 'other', 'a fourth number says nothing'],
    ['1.2-3', '1.2-4', 'other', 'revision', undefined, 'another revision'],
  ] as const
  for (const [before, after, origin, kind, upstream, why] of rows)
    test(`${before} → ${after} is ${kind}: ${why}`, () =>
      assert.deepEqual(versionStep({ before, after, origin, bytes: 'other' }), { kind, upstream }))

  test('the same version is one thing with the same bytes and another with other bytes', () => {
    const kindWith = (bytes: 'same' | 'other') => versionStep({ before: '1', after: '1', bytes, origin: 'other' }).kind
    assert.deepEqual([kindWith('same'), kindWith('other')], ['same-version', 'other-bytes'])
  })
})
