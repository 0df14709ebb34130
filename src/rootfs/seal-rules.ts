import type { TreeEntry } from '../tree/index.ts'
import { machineSecrets } from './secrets.ts'

/** What an image loses because it differs from build to build, or belongs to one machine. */
export interface SealRule {
  /** For the documents and for messages. */
  readonly because: string
  /** Whole paths; `*` stands for any text without a slash, `**` for any text. */
  readonly remove: readonly string[]
  /** Whether folders with such names go too, with all that is in them. */
  readonly folders: 'kept' | 'removed'
}

export const sealRules: readonly SealRule[] = [
  {
    because: 'backup of an earlier state, with the time at which it was made',
    folders: 'kept',
    remove: [
      ...['passwd', 'group', 'shadow', 'gshadow', 'subuid', 'subgid'].map(name => `etc/${name}-`),
      'var/lib/dpkg/*-old',
      'var/cache/debconf/*-old',
      'usr/share/info/dir.old',
      'var/backups/**',
      'etc/.pwd.lock',
    ],
  },
  {
    because: 'log of the installation, with the times at which scripts ran',
    folders: 'kept',
    remove: [
      'var/log/dpkg.log',
      'var/log/alternatives.log',
      'var/log/bootstrap.log',
      'var/log/fontconfig.log',
      'var/log/apt/*.log',
      'var/log/apt/*.xz',
      'usr/share/emacs*/site-lisp/**/Install.log.gz',
      'var/lib/texmf/web2c/**.log',
      // dkms writes the hour of the build.
      'var/lib/dkms/**/log/make.log',
    ],
  },
  {
    because: 'cache that its owner makes again, of file times and inode numbers',
    folders: 'kept',
    remove: [
      'var/cache/ldconfig/aux-cache',
      'var/cache/apt/*.bin',
      'var/cache/apt/archives/*.deb',
      'var/lib/apt/lists/*Packages*',
      'var/lib/apt/lists/*Release*',
      'var/cache/fontconfig/*',
      'var/cache/man/**',
    ],
  },
  {
    because: 'machine code of which mono makes another at each installation; without it mono compiles while it runs',
    folders: 'kept',
    remove: ['usr/lib/mono/aot-cache/**'],
  },
  {
    because:
      'formats of LuaTeX, whose tables are in another order each time, and of plain TeX, which writes the minute down; who calls them gets one made',
    folders: 'kept',
    remove: ['var/lib/texmf/web2c/lua*/*.fmt', 'var/lib/texmf/web2c/tex/*.fmt'],
  },
  {
    because: 'list of available packages, which dselect alone reads and nothing fills',
    folders: 'kept',
    remove: ['var/lib/dpkg/available'],
  },
  {
    because: 'identity or secret of one machine',
    folders: 'kept',
    remove: [
      'var/lib/dbus/machine-id',
      'var/lib/systemd/random-seed',
      'var/lib/systemd/credential.secret',
      'var/lib/urandom/random-seed',
      ...machineSecrets.flatMap(({ paths }) => paths),
    ],
  },
  {
    because: 'data of one machine, with identifiers made of the time',
    folders: 'removed',
    remove: machineSecrets.flatMap(({ leftOut = [] }) => leftOut.flatMap(path => [path, `${path}/**`])),
  },
]

/** Says which rule takes a path away. */
export function ruleRemoving(path: string, kind: TreeEntry['kind']): SealRule | undefined {
  const found = compiled.filter(({ patterns }) => patterns.some(pattern => pattern.test(path)))
  return found.find(({ rule }) => kind !== 'directory' || rule.folders === 'removed')?.rule
}

const compiled = sealRules.map(rule => ({ rule, patterns: rule.remove.map(compile) }))

function compile(pattern: string): RegExp {
  const source = pattern
    .split(/(\*\*|\*)/)
    .map(part => (part === '**' ? '.+' : part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')))
    .join('')
  return new RegExp(`^${source}$`, 's')
}
