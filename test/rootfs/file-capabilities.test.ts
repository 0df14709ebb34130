import assert from 'node:assert/strict'
import { test } from 'vitest'
import { fileCapability, readFileCapabilities } from '../../src/rootfs/file-capabilities.ts'

// As `getfattr -n security.capability -e hex` shows them after setcap.
const rows = [
  ['cap_net_raw=ep', '0100000200200000000000000000000000000000', 'effective and permitted, as ping has it'],
  ['cap_net_bind_service,cap_net_raw=p', '0000000200240000000000000000000000000000', 'permitted only'],
  ['cap_checkpoint_restore=i', '0000000200000000000000000000000000010000', 'a number over 31 is in the second half'],
] as const

for (const [text, hex, why] of rows)
  test(`${text}: ${why}`, () => {
    assert.equal(Buffer.from(fileCapability(text) ?? assert.fail()).toString('hex'), hex)
  })

test('what getcap does not print is no capability', () => {
  for (const text of ['', '=ep', 'cap_unheard_of=ep', 'cap_net_raw', 'cap_net_raw=x'])
    assert.equal(fileCapability(text), undefined, text)
})

test('each line of getcap -r / is one file', () => {
  const found = readFileCapabilities('/usr/bin/ping cap_net_raw=ep\n/usr/bin/a file cap_kill=p\nnoise\n')
  assert.deepEqual([...found.keys()], ['usr/bin/ping', 'usr/bin/a file'])
})
