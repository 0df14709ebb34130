import type { DebDescription } from '../support/deb-builder.ts'

export const epoch = 1_650_000_000

/** What an assembly has to get right, in two packages. */
export const debs: readonly DebDescription[] = [
  {
    control: { Package: 'base', Essential: 'yes' },
    files: [
      { kind: 'file', path: '/etc/issue', content: 'Debian', modifiedSeconds: 1_600_000_000 },
      { kind: 'directory', path: '/var/', mode: 0o755 },
      { kind: 'file', path: '/bin/cat', content: 'cat', mode: 0o755 },
    ],
    conffiles: ['/etc/issue'],
  },
  {
    control: { Package: 'hello', Depends: 'base' },
    files: [
      { kind: 'file', path: '/usr/bin/hello', content: Buffer.alloc(2_000_000, 'hello'), mode: 0o755 },
      { kind: 'hard-link', path: '/usr/bin/hi', target: '/usr/bin/hello' },
      { kind: 'file', path: '/usr/share/doc/hello/copyright', content: 'free' },
    ],
  },
]
