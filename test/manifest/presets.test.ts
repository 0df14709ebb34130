import assert from 'node:assert/strict'
import { readKey } from 'openpgp'
import { describe, test } from 'vitest'
import { isFault } from '../../src/kernel/index.ts'
import {
  archivesOfPreset,
  distributionPresets,
  keyringArmorOf,
  keyringNames,
  presetOf,
} from '../../src/manifest/index.ts'

const position = { line: 2, column: 1 }

describe('the presets of distributions', () => {
  test('spell out the archives of bookworm, security among them', () => {
    const archives = archivesOfPreset(presetOf('debian/bookworm'), ['amd64'], position)
    const lines = archives.map(
      each => `${each.id} ${each.uris[0]} ${each.suites.join(',')} ${each.components.join(',')} ${each.security}`,
    )
    assert.deepEqual(lines, [
      'debian http://ftp.debian.org/debian bookworm,bookworm-updates main false',
      'debian-security http://security.debian.org/debian-security bookworm-security main true',
    ])
  })

  test('give sid one suite, since unstable has neither updates nor security', () => {
    const archives = archivesOfPreset(presetOf('debian/sid'), ['amd64'], position)
    assert.deepEqual(
      archives.map(each => each.suites),
      [['sid']],
    )
  })

  const ubuntuServers = [
    [['amd64'], ['ubuntu', 'ubuntu-security'], 'archive.ubuntu.com has amd64'],
    [['arm64'], ['ubuntu-ports', 'ubuntu-ports-security'], 'ports.ubuntu.com has arm64'],
    [
      ['amd64', 'riscv64'],
      ['ubuntu', 'ubuntu-security', 'ubuntu-ports', 'ubuntu-ports-security'],
      'a manifest for both needs both',
    ],
  ] as const
  for (const [architectures, ids, why] of ubuntuServers)
    test(`name Ubuntu's servers for ${architectures.join(' and ')}: ${why}`, () => {
      const archives = archivesOfPreset(presetOf('ubuntu/noble'), architectures, position)
      assert.deepEqual(
        archives.map(each => each.id),
        ids,
      )
    })

  test('are found by codename alone, as `init --suite` gives it', () => {
    for (const preset of distributionPresets) assert.equal(presetOf(preset.name.split('/')[1] ?? ''), preset)
  })

  test('refuse a release nobody knows and list those that are known', () => {
    assert.throws(
      () => presetOf('debian/bokworm'),
      error => isFault(error, 'DISTRIBUTION_UNKNOWN') && /debian\/bookworm/.test(error.hint ?? ''),
    )
  })

  test('use only key rings that ship with aptroot', () => {
    for (const preset of distributionPresets)
      for (const archive of preset.archives) assert.ok(keyringNames().includes(archive.keyring), archive.keyring)
    assert.equal(keyringArmorOf('nobody'), undefined)
  })

  /** As the distributions publish them (ftp-master.debian.org/keys.html, Ubuntu's SecurityTeam FAQ). */
  const fingerprints: Readonly<Record<string, readonly string[]>> = {
    'debian-archive': [
      '1F89983E0081FDE018F3CC9673A4F27B8DD47936',
      'AC530D520F2F3269F5E98313A48449044AAD5C5D',
      'A4285295FC7B1A81600062A9605C66F00D6C9793',
      'B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8',
      '05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0',
      '4D64FEC119C2029067D6E791F8D2585B8783D481',
      '04B54C3CDCA79751B16BC6B5225629DF75B188BD',
      '5E04A1E3223A19A20706E20F9904613D4CCE68C6',
      '41587F7DB8C774BCCF131416762F67A0B2C39DE4',
    ],
    'ubuntu-archive': ['F6ECB3762474EDA9D21B7022871920D1991BC93C'],
  }
  for (const name of keyringNames())
    test(`carry in ${name} the keys with the published fingerprints, and no other`, async () => {
      const blocks = (keyringArmorOf(name) ?? '').split(/\n\n(?=-----BEGIN)/)
      const found = await Promise.all(
        blocks.map(async armoredKey => (await readKey({ armoredKey })).getFingerprint().toUpperCase()),
      )
      assert.deepEqual(found, fingerprints[name])
    })
})
