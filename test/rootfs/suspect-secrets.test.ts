import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'vitest'
import { keystoreAt } from '../../src/rootfs/java-keystore.ts'
import { ruleRemoving } from '../../src/rootfs/seal-rules.ts'
import { secretIn } from '../../src/rootfs/suspect-secrets.ts'

/** Bytes that look like chance and are the same in every run. */
const chance = (count: number) =>
  Buffer.concat(Array.from({ length: 9 }, (_, at) => createHash('sha512').update(`${at}`).digest())).subarray(0, count)

/** With its length before it, as RFC 4251 has strings. */
const sized = (bytes: Uint8Array) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes])
const sshName = (name: string) => sized(Buffer.from(name))

describe('a small file that scripts made looks like a secret', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const rows: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['a private key', privateKey.export({ format: 'pem', type: 'pkcs8' }), /private key/],
    ['an OpenSSH key', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n', /private key/],
    ['a seed of 512 bytes', chance(512), /random bytes/],
    ['a seed of 32 bytes', chance(32), /random bytes/],
    ['a host key of dropbear', Buffer.concat([sshName('ssh-ed25519'), sized(chance(64))]), /private key/],
    ['another one', Buffer.concat([sshName('ecdsa-sha2-nistp256'), sized(chance(96))]), /private key/],
    ['a machine id', `${chance(16).toString('hex')}\n`, /hexadecimal/],
    ['a UUID', '6a8b3c1e-93d4-4a55-b0a1-0d7b5a3f7c21\n', /id of one machine/],
    ['the secret of rndc.key', `key "k" {\n secret "${chance(32).toString('base64')}";\n};\n`, /base 64/],
  ]
  for (const [what, content, because] of rows)
    test(what, () => assert.match(secretIn(Buffer.from(content)) ?? '', because))
})

describe('no secret is', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['a path', '/usr/lib/x86_64-linux-gnu/libGL1/dri-Mesa2/swrast_dri\n'],
    ['a checksum list', `${chance(16).toString('hex')}  /etc/profile\n`],
    ['a list of words', 'GnomeSettingsDaemonMediaKeys and SystemdUnitFileStateTransitions\n'],
    ['a table of users', 'systemd-network:x:998:998:systemd Network Management:/:/usr/sbin/nologin\n'],
    ['zeros', '\0'.repeat(512)],
    ['a font name in UTF-8', 'DejaVu Sans – Größe ändern, für alle Schriften\n'],
  ]
  for (const [what, content] of rows) test(what, () => assert.equal(secretIn(Buffer.from(content)), undefined))
})

describe('a Java keystore', () => {
  const checksum = (bytes: Uint8Array) =>
    createHash('sha1')
      .update(Buffer.from('changeit', 'utf16le').swap16())
      .update('Mighty Aphrodite')
      .update(bytes)
      .digest()
  const keystore = (milliseconds: bigint) => {
    const text = (value: string) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)])
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(milliseconds)
    const head = Buffer.from('feedfeed0000000200000001', 'hex')
    const entry = [
      Buffer.from([0, 0, 0, 2]),
      text('debian:ca.pem'),
      time,
      text('X.509'),
      Buffer.from([0, 0, 0, 3, 1, 2, 3]),
    ]
    const content = Buffer.concat([head, ...entry])
    return Buffer.concat([content, checksum(content)])
  }

  test('made at another time is the same file with the time of the image', () => {
    const [early, late] = [keystoreAt(keystore(1n), 5), keystoreAt(keystore(99_999n), 5)]
    assert.deepEqual(early, keystore(5000n))
    assert.deepEqual(late, early)
  })

  test('that is cut short, damaged or of another password is left alone', () => {
    const whole = keystore(1n)
    for (const bytes of [whole.subarray(0, 30), Buffer.concat([whole, whole]), Buffer.alloc(0), Buffer.alloc(100)])
      assert.equal(keystoreAt(bytes, 5), undefined)
    whole[20] = 0xff
    assert.equal(keystoreAt(whole, 5), undefined)
  })
})

test('data of one machine goes with its folders; what packages share with it stays', () => {
  for (const path of ['var/lib/postgresql/15/main', 'var/lib/mysql/mysql'])
    assert.match(ruleRemoving(path, 'directory')?.because ?? '', /data of one machine/)
  assert.ok(ruleRemoving('var/lib/postgresql/15/main/global/pg_control', 'file'))
  const dkms = 'var/lib/dkms/acpi-call/1.2.2/6.1.0-56-amd64/x86_64'
  assert.match(ruleRemoving(`${dkms}/log/make.log`, 'file')?.because ?? '', /log of the installation/)
  assert.equal(ruleRemoving(`${dkms}/module/acpi_call.ko`, 'file'), undefined)
  assert.equal(ruleRemoving('var/lib/mysql', 'directory'), undefined)
  assert.equal(ruleRemoving('var/lib/postgresql/15', 'directory'), undefined)
  assert.equal(ruleRemoving('var/cache/man/de', 'directory'), undefined)
})
