import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { newPrivileges } from '../../src/review/script-privileges.ts'

describe('a line of a maintainer script gives rights', () => {
  for (const line of [
    'setcap cap_net_raw+ep /usr/bin/ping',
    'if command -v setcap > /dev/null; then',
    'chmod u+s /usr/bin/tool',
    'chmod a+rwxs /usr/bin/tool',
    'chmod u=rwxs,go=rx /usr/bin/tool',
    'chmod -R g+s,o-w /var/lib/tool',
    'chmod 4755 /usr/bin/tool',
    'chmod 02755 /var/lib/tool',
    'install -m 6755 a /usr/bin/a',
    'install --mode=4755 a /usr/bin/a',
    'dpkg-statoverride --force --update --add root tool 4750 /usr/bin/tool',
  ])
    test(`with ${line}`, () => assert.deepEqual(newPrivileges('exit 0\n', `#!/bin/sh\n\t${line}\n`), [line]))

  for (const line of [
    'chmod u-s /usr/bin/tool',
    'chmod u=rwx,go=rx /usr/share/tools',
    'chmod 1777 /tmp/tool',
    'chmod 0755 /usr/bin/tool',
    '# setcap cap_net_raw+ep /usr/bin/ping',
    'dpkg-statoverride --list /usr/bin/tool',
    'echo resetcaps',
  ])
    test(`but not with ${line}`, () => assert.deepEqual(newPrivileges(undefined, `${line}\n`), []))

  test('only where it did not before, each once, the first twenty, none without end', () => {
    assert.deepEqual(newPrivileges('setcap a /x\n', 'setcap a /x\nsetcap b /x\nsetcap b /x\n'), ['setcap b /x'])
    const many = newPrivileges('', Array.from({ length: 100 }, (_, at) => `setcap ${at}${'x'.repeat(1000)}`).join('\n'))
    assert.deepEqual([many.length, many[0]?.length], [20, 200])
  })
})
