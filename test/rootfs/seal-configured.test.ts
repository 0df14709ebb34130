import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { sealConfigured } from '../../src/rootfs/seal-configured.ts'
import type { TreeEntry } from '../../src/tree/index.ts'

const attributes = { userId: 0, groupId: 0, modifiedSeconds: 1 }
const file: TreeEntry = {
  kind: 'file',
  content: { sha256: 'a'.repeat(64), sizeBytes: 33 },
  inode: undefined,
  mode: 0o444,
  ...attributes,
}
const folder: TreeEntry = { kind: 'directory', mode: 0o755, ...attributes }

function sealed(...paths: readonly string[]) {
  const entries = new Map<string, TreeEntry>([['', folder]])
  for (const path of paths) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1))
      entries.set(path.slice(0, slash), folder)
    if (!path.endsWith('/')) entries.set(path, file)
  }
  return sealConfigured(entries, 1_750_000_000, new Set())
}

/** The unit that an image with systemd and these paths gets. */
function withUnit(...paths: readonly string[]) {
  const { tree, generated } = sealed(...paths, 'usr/lib/systemd/systemd', 'etc/systemd/system/')
  const unit = tree.get('etc/systemd/system/aptroot-machine-secrets.service')
  assert.ok(unit?.kind === 'file')
  return { tree, text: Buffer.from(generated.get(unit.content.sha256) ?? assert.fail()).toString() }
}

describe('sealing a configured root', () => {
  test('takes backups, logs, caches and the secrets of one machine away, and leaves what looks like them', () => {
    const gone = [
      'etc/passwd-',
      'etc/ssh/ssh_host_rsa_key',
      'etc/ssh/ssh_host_ed25519_key.pub',
      'usr/lib/mono/aot-cache/amd64/mscorlib.dll.so',
      'usr/share/emacs/site-lisp/elpa/markdown-mode-2.5/Install.log.gz',
      'usr/share/info/dir.old',
      'var/lib/texmf/web2c/luahbtex/lualatex.fmt',
      'var/lib/texmf/web2c/pdftex/pdflatex.log',
      'var/lib/texmf/web2c/tex/tex.fmt',
      'var/lib/texmf/web2c/updmap.log',
      'var/lib/dpkg/status-old',
      'var/cache/debconf/templates.dat-old',
      'var/log/dpkg.log',
      'var/log/apt/history.log',
      'var/lib/systemd/random-seed',
      'var/backups/dpkg.status.0',
    ]
    const kept = [
      'etc/passwd',
      'etc/ssh/ssh_config',
      'var/lib/dpkg/status',
      'var/lib/texmf/web2c/pdftex/pdflatex.fmt',
      'var/log/btmp',
      'srv/etc/passwd-',
    ]
    const { tree } = sealed(...gone, ...kept)
    assert.deepEqual(
      gone.filter(path => tree.has(path)),
      [],
    )
    assert.deepEqual(
      kept.filter(path => !tree.has(path)),
      [],
    )
    assert.ok(tree.has('var/log/apt'), 'folders stay')
  })

  test('takes the link away that openssl finds a certificate by, and leaves those to certificates that stay', () => {
    const link = (target: string): TreeEntry => ({ kind: 'symlink', target, mode: 0o777, ...attributes })
    const entries = new Map([
      ['etc/ssl/certs/ssl-cert-snakeoil.pem', file],
      ['etc/ssl/certs/62742064.0', link('ssl-cert-snakeoil.pem')],
      ['etc/ssl/certs/ca.pem', file],
      ['etc/ssl/certs/11111111.0', link('ca.pem')],
    ])
    const { tree } = sealConfigured(entries, 1_750_000_000, new Set())
    assert.deepEqual([...tree.keys()], ['etc/ssl/certs/ca.pem', 'etc/ssl/certs/11111111.0'])
  })

  test('empties the machine id, which systemd fills at boot', () => {
    const { tree } = sealed('etc/machine-id')
    const entry = tree.get('etc/machine-id')
    assert.ok(entry?.kind === 'file')
    assert.equal(entry.content.sizeBytes, 0)
  })

  test('lets a unit make the host keys at first boot, before ssh starts', () => {
    const { tree, text } = withUnit('usr/sbin/sshd')
    assert.match(text, /^ExecStart=\/usr\/bin\/ssh-keygen -A$/m)
    assert.match(text, /^Before=.*ssh\.service/m)
    assert.match(text, /^DefaultDependencies=no$/m, 'basic.target waits for ssh.socket, which waits for this unit')
    assert.equal(
      tree.get('etc/systemd/system/multi-user.target.wants/aptroot-machine-secrets.service')?.kind,
      'symlink',
    )
  })

  test('goes on to the keys of others where the data of one service cannot be made', () => {
    const { text } = withUnit('usr/sbin/sshd', 'usr/bin/pg_createcluster')
    assert.match(text, /^ExecStart=\/usr\/bin\/ssh-keygen/m)
    assert.match(text, /^ExecStart=-\/bin\/sh .*initdb/m)
  })

  test('adds no unit where nobody makes secrets, or nothing would run it', () => {
    for (const { tree } of [sealed('usr/lib/systemd/systemd', 'etc/systemd/system/'), sealed('usr/sbin/sshd')])
      assert.ok(![...tree.keys()].some(path => path.includes('aptroot')))
  })
})
