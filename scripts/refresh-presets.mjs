#!/usr/bin/env node
// Writes src/manifest/presets/keyrings.ts from Debian's packages debian-archive-keyring and ubuntu-keyring.
//
//   node scripts/refresh-presets.mjs [FOLDER]
//
// FOLDER holds the two debs; without it `apt-get download` fetches them, which apt checks against its own keys.
// Run it on the newest Debian: older suites have older keys.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readKeys } from 'openpgp'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

// A key ring changes only by an edit of this list, so that a new key is seen in review by its fingerprint.
const keyrings = [
  {
    name: 'debian-archive',
    package: 'debian-archive-keyring',
    file: 'usr/share/keyrings/debian-archive-keyring.pgp',
    fingerprints: [
      '1F89983E0081FDE018F3CC9673A4F27B8DD47936', // Debian Archive Automatic Signing Key (11/bullseye)
      'AC530D520F2F3269F5E98313A48449044AAD5C5D', // Debian Security Archive Automatic Signing Key (11/bullseye)
      'A4285295FC7B1A81600062A9605C66F00D6C9793', // Debian Stable Release Key (11/bullseye)
      'B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8', // Debian Archive Automatic Signing Key (12/bookworm)
      '05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0', // Debian Security Archive Automatic Signing Key (12/bookworm)
      '4D64FEC119C2029067D6E791F8D2585B8783D481', // Debian Stable Release Key (12/bookworm)
      '04B54C3CDCA79751B16BC6B5225629DF75B188BD', // Debian Archive Automatic Signing Key (13/trixie)
      '5E04A1E3223A19A20706E20F9904613D4CCE68C6', // Debian Security Archive Automatic Signing Key (13/trixie)
      '41587F7DB8C774BCCF131416762F67A0B2C39DE4', // Debian Stable Release Key (13/trixie)
    ],
    others: [],
  },
  {
    name: 'ubuntu-archive',
    package: 'ubuntu-keyring',
    file: 'usr/share/keyrings/ubuntu-archive-keyring.gpg',
    fingerprints: [
      'F6ECB3762474EDA9D21B7022871920D1991BC93C', // Ubuntu Archive Automatic Signing Key (2018)
    ],
    // What the releases we know are not signed with: the archive key before 2018, and the key of CD images.
    others: ['790BC7277767219C42C86F933B4FE6ACC0B21F32', '843938DF228D22F7B3742BC0D94AA3F0EFE21092'],
  },
]

const folder = mkdtempSync(join(tmpdir(), 'aptroot-keyrings-'))
try {
  const debs = process.argv[2] === undefined ? folder : resolve(process.argv[2])
  if (debs === folder)
    execFileSync('apt-get', ['-q', 'download', ...keyrings.map(each => each.package)], {
      cwd: folder,
      stdio: 'inherit',
    })
  const parts = []
  for (const keyring of keyrings) parts.push(await moduleText(keyring, debs))
  const header = `// Written by scripts/refresh-presets.mjs; the fingerprints are listed there.

/** The archives' public keys, ASCII armor, one block per key. */
`
  writeFileSync(join(root, 'src/manifest/presets/keyrings.ts'), `${header}${parts.join('\n')}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function moduleText(keyring, debs) {
  const deb = readdirSync(debs)
    .filter(name => name.startsWith(`${keyring.package}_`) && name.endsWith('.deb'))
    .sort()
    .at(-1)
  if (deb === undefined) throw new Error(`no deb of ${keyring.package} in ${debs}`)
  const unpacked = join(folder, keyring.name)
  execFileSync('dpkg-deb', ['-x', join(debs, deb), unpacked])
  const keys = await readKeys({ binaryKeys: readFileSync(join(unpacked, keyring.file)) })
  const byFingerprint = new Map(keys.map(key => [key.getFingerprint().toUpperCase(), key]))
  const known = new Set([...keyring.fingerprints, ...keyring.others])
  for (const fingerprint of byFingerprint.keys())
    if (!known.has(fingerprint))
      throw new Error(`${deb} has the new key ${fingerprint}: add it to the list, or to others`)
  const blocks = keyring.fingerprints.map(fingerprint => {
    const key = byFingerprint.get(fingerprint)
    if (key === undefined) throw new Error(`${deb} lacks the key ${fingerprint}`)
    return key.armor().replaceAll('\r\n', '\n').trim()
  })
  const constant = keyring.name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
  return `// From ${deb.replace(/_all\.deb$/, '').replace('_', ' ')}.\nexport const ${constant}Keyring = \`${blocks.join('\n\n')}\n\`\n`
}
