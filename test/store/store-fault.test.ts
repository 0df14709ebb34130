import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import type { FaultCode } from '../../src/kernel/index.ts'
import { storeFault } from '../../src/store/store-fault.ts'
import { assertFault } from '../support/assert-fault.ts'

describe('what a file system says becomes a fault whose hint helps', () => {
  const table: readonly (readonly [string, FaultCode, RegExp])[] = [
    ['ENOSPC', 'DISK_FULL', /store prune/],
    ['EDQUOT', 'DISK_FULL', /store prune/],
    ['EFBIG', 'DISK_FULL', /ulimit -f/],
    ['EMFILE', 'STORE_UNUSABLE', /ulimit -n/],
    ['EROFS', 'STORE_UNUSABLE', /--store-layer DIR/],
    ['EACCES', 'STORE_UNUSABLE', /--store-layer DIR/],
    ['ENOTDIR', 'STORE_UNUSABLE', /--store DIR/],
  ]
  for (const [code, expected, hint] of table)
    test(`${code}: ${expected}`, async () => {
      const error = Object.assign(new Error(code), { code, syscall: 'open' })
      const fault = await assertFault(Promise.reject(storeFault(error, '/srv/store/x')), expected)
      assert.match(fault.hint ?? '', hint)
      assert.equal(fault.exitCode, 7)
    })
})
