import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { readSingleStanza, readStanzas } from '../../src/debian-control-parser/index.ts'
import {
  formatAptPins,
  formatPackagesFile,
  formatPackageUrls,
  formatSha256Sums,
  packageUrlOf,
} from '../../src/interchange/index.ts'
import { digestOf, lockedDeb } from '../support/lock-values.ts'

const bash = lockedDeb('bash:amd64=5.2-2+b7', { sourceVersion: '5.2-2' })
const tar = lockedDeb('tar:amd64=1:1.34+dfsg-1')
const agent = lockedDeb('agent:amd64=7.1', { from: 'vendor/stable', directory: '', file: 'agent-7.1.deb' })

describe('a package URL', () => {
  const urls: readonly (readonly [string, string, string])[] = [
    [
      'libstdc++6:amd64=12.2.0-14',
      'debian/bookworm/main',
      'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=debian-12',
    ],
    ['tar:arm64=1:1.34~rc1', 'x/trixie-security/main', 'pkg:deb/debian/tar@1:1.34~rc1?arch=arm64&distro=debian-13'],
    ['tar:all=1.0', 'mirror/noble-updates/universe', 'pkg:deb/ubuntu/tar@1.0?arch=all&distro=ubuntu-24.04'],
    ['tar:amd64=1.0', 'debian/forky/main', 'pkg:deb/debian/tar@1.0?arch=amd64&distro=debian-forky'],
    ['tar:amd64=1.0', 'debian-archive/buster/main', 'pkg:deb/debian/tar@1.0?arch=amd64&distro=debian-buster'],
  ]
  for (const [title, from, url] of urls)
    test(`of ${title} from ${from}`, () => assert.equal(packageUrlOf(lockedDeb(title, { from })), url))

  test('of a third party names the archive, even where the suite is called like a release of Debian', () => {
    const docker = lockedDeb('docker-ce:amd64=5:27.1', { from: 'docker/bookworm/stable' })
    assert.equal(packageUrlOf(docker), 'pkg:deb/docker/docker-ce@5:27.1?arch=amd64')
    assert.equal(packageUrlOf(agent), 'pkg:deb/vendor/agent@7.1?arch=amd64')
  })

  test('stands on a line of its own, in byte order, once', () => {
    const text = formatPackageUrls([tar, bash, tar])
    assert.deepEqual(
      text.split('\n').map(line => line.split('@')[0]),
      ['pkg:deb/debian/bash', 'pkg:deb/debian/tar', ''],
    )
  })
})

describe('SHA256SUMS', () => {
  test('names the files as a vendor folder has them: without epoch, below the archive', () => {
    assert.equal(
      formatSha256Sums([tar, agent, bash]),
      [
        `${digestOf('bash:amd64=5.2-2+b7')}  debian/pool/main/b/bash/bash_5.2-2+b7_amd64.deb`,
        `${digestOf('tar:amd64=1:1.34+dfsg-1')}  debian/pool/main/t/tar/tar_1.34+dfsg-1_amd64.deb`,
        `${digestOf('agent:amd64=7.1')}  vendor/agent-7.1.deb`,
        '',
      ].join('\n'),
    )
  })

  test('of an empty lock is empty', () => assert.equal(formatSha256Sums([]), ''))
})

describe('pins of apt', () => {
  test('name a package alone where the lock has one version of it', () => {
    const arm = lockedDeb('bash:arm64=5.2-2+b7')
    assert.equal(formatAptPins([arm, bash]), 'Package: bash\nPin: version 5.2-2+b7\nPin-Priority: 1001\n')
  })

  test('name the architecture where versions differ', () => {
    const arm = lockedDeb('bash:arm64=5.2-1')
    assert.deepEqual(formatAptPins([bash, arm]).match(/^(Package|Pin):.*/gm), [
      'Package: bash:amd64',
      'Pin: version 5.2-2+b7',
      'Package: bash:arm64',
      'Pin: version 5.2-1',
    ])
  })
})

describe('a Packages file', () => {
  test('has the control fields that are at hand, and the place of the file', () => {
    const control = readSingleStanza(
      Buffer.from('Package: bash\nDepends: libc6\nFilename: ../lie\nDescription: shell\n'),
    )
    const [stanza] = readStanzas(formatPackagesFile([{ deb: bash, control }]))
    assert.equal(stanza?.field('Depends'), 'libc6')
    assert.equal(stanza?.field('Filename'), 'debian/pool/main/b/bash/bash_5.2-2+b7_amd64.deb')
    assert.equal(stanza?.field('SHA256'), bash.sha256)
  })

  test('has of a deb that is not at hand what the lock knows, the source with its own version', () => {
    const text = Buffer.from(formatPackagesFile([bash, tar].map(deb => ({ deb, control: undefined })))).toString()
    assert.deepEqual(text.split('\n\n')[0]?.split('\n'), [
      'Package: bash',
      'Source: bash (5.2-2)',
      'Version: 5.2-2+b7',
      'Architecture: amd64',
      'Filename: debian/pool/main/b/bash/bash_5.2-2+b7_amd64.deb',
      'Size: 1000',
      `SHA256: ${bash.sha256}`,
    ])
    assert.doesNotMatch(text.split('\n\n')[1] ?? '', /Source/)
  })
})
