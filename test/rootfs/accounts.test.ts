import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { addAccounts, addFixedIds } from '../../src/rootfs/accounts.ts'
import { madeFiles } from '../../src/rootfs/image-files.ts'
import { assertFault } from '../support/assert-fault.ts'

const day = 20_000
const epoch = day * 86_400 + 5
const fresh = {
  passwd: 'root:*:0:0:root:/root:/bin/bash\n',
  group: 'root:*:0:\nadm:*:4:\n',
  shadow: undefined,
  gshadow: undefined,
}
const shadowed = { ...fresh, shadow: 'root:*:19000:0:99999:7:::\n', gshadow: 'root:*::\nadm:*::\n' }
const app = { name: 'app', userId: 1000, groupId: undefined, home: '/srv/app', shell: '/bin/sh', groups: [], gecos: '' }

describe('a number that the manifest fixes', () => {
  test('is that of a user and group that no script has to make, before there are shadow files', () => {
    const { passwd, group, shadow } = addFixedIds(fresh, [{ name: 'sshd', userId: 110, groupId: 110 }], epoch)
    assert.ok(passwd.endsWith('sshd:*:110:110::/nonexistent:/usr/sbin/nologin\n'))
    assert.ok(group.endsWith('sshd:*:110:\n'))
    assert.equal(shadow, undefined)
  })

  test('of a group alone makes no user, and of a user alone no group', () => {
    const ids = [
      { name: 'ssl-cert', userId: undefined, groupId: 111 },
      { name: 'sshd', userId: 110, groupId: undefined },
    ]
    const { passwd, group } = addFixedIds(fresh, ids, epoch)
    assert.deepEqual([/ssl-cert/.test(passwd), /^sshd/m.test(group)], [false, false])
    assert.match(passwd, /^sshd:\*:110:65534:/m)
  })

  test('may be one that the name has already, and no other', async () => {
    const same = addFixedIds(fresh, [{ name: 'adm', userId: undefined, groupId: 4 }], epoch)
    assert.deepEqual(same, fresh)
    await assertFault(
      async () => addFixedIds(fresh, [{ name: 'adm', userId: undefined, groupId: 5 }], epoch),
      'MANIFEST_INVALID',
      /to the group "adm", which has 4 already/,
    )
    await assertFault(
      async () => addFixedIds(fresh, [{ name: 'sshd', userId: undefined, groupId: 4 }], epoch),
      'MANIFEST_INVALID',
      /gives 4 to the group "sshd", but "adm" has it/,
    )
  })
})

describe('a user of the manifest', () => {
  test('has a group of its own, a locked password of the day of the image, and further groups', () => {
    const users = [{ ...app, groups: ['adm', 'ops'] }]
    const after = addAccounts(shadowed, { users, groups: [{ name: 'ops', groupId: 2000 }] }, epoch)
    assert.match(after.passwd, /^app:x:1000:1000::\/srv\/app:\/bin\/sh$/m)
    assert.match(after.shadow ?? '', new RegExp(`^app:!:${day}::::::$`, 'm'))
    assert.match(after.group, /^adm:\*:4:app\n(.|\n)*^ops:x:2000:app$/m)
    assert.match(after.gshadow ?? '', /^ops:!::app$/m)
  })

  test('cannot be in a group that does not exist', async () => {
    const users = [{ ...app, groups: ['docker'] }]
    await assertFault(
      async () => addAccounts(shadowed, { users, groups: [] }, epoch),
      'MANIFEST_INVALID',
      /puts "app" into the group "docker", which does not exist/,
    )
  })
})

test('an archive without signature is trusted in its own stanza, one with keys names them', () => {
  const archive = { id: 'site', uris: ['http://mirror.example.org/a', 'http://mirror.example.org/b'], suites: ['./'] }
  const others = { components: [], architectures: ['amd64'] }
  const wanted = { hostname: undefined, timezone: undefined, sysctl: [] }
  const texts = (keys: Uint8Array | undefined) =>
    madeFiles(wanted, [{ ...archive, ...others, keys }]).map(each =>
      each.kind === 'file' ? [each.path, Buffer.from(each.bytes).toString()] : [],
    )
  const stanza =
    'Types: deb\nURIs: http://mirror.example.org/a http://mirror.example.org/b\nSuites: ./\nArchitectures: amd64\n'
  assert.deepEqual(texts(undefined), [['etc/apt/sources.list.d/site.sources', `${stanza}Trusted: yes\n`]])
  assert.deepEqual(texts(Buffer.from('binary')), [
    ['etc/apt/keyrings/site.gpg', 'binary'],
    ['etc/apt/sources.list.d/site.sources', `${stanza}Signed-By: /etc/apt/keyrings/site.gpg\n`],
  ])
})
