import type { ArchivedPackage } from '../archive-builder.ts'
import { directory, file, forAll, forEach, program, symlink } from './package.ts'

const optional = { Priority: 'optional' }

/** OpenSSL as the given version: the security update is the same source again. */
export function opensslPackages(version: string): readonly ArchivedPackage[] {
  return [
    ...forEach((architecture, triplet) => ({
      control: {
        Package: 'libssl3',
        Source: 'openssl',
        Version: version,
        Section: 'libs',
        ...optional,
        'Multi-Arch': 'same',
        Depends: 'libc6 (>= 2.34), zlib1g (>= 1:1.2.11)',
        Description: 'TLS library',
      },
      files: [
        file(`/usr/lib/${triplet}/libssl.so.3`, `libssl ${version} for ${architecture}\n`),
        file('/usr/share/doc/libssl3/changelog', `openssl (${version})\n`),
      ],
    })),
    ...forEach(architecture => ({
      control: {
        Package: 'openssl',
        Version: version,
        Section: 'utils',
        ...optional,
        'Multi-Arch': 'foreign',
        Depends: 'libc6 (>= 2.34), libssl3 (>= 3.0.9)',
        Suggests: 'ca-certificates',
        Description: 'TLS command line tool',
      },
      files: [
        program('/usr/bin/openssl', `openssl ${version} for ${architecture}\n`),
        file('/etc/ssl/openssl.cnf', '[default]\n'),
        directory('/etc/ssl/private', 0o710),
      ],
      conffiles: ['/etc/ssl/openssl.cnf'],
    })),
  ]
}

/** Exim as the given version. It needs its own virtual package to be nobody else's (Policy 7.4), and has a setuid program. */
export function eximPackages(version: string): readonly ArchivedPackage[] {
  return forEach(architecture => ({
    control: {
      Package: 'exim4',
      Version: version,
      Section: 'mail',
      ...optional,
      Provides: 'mail-transport-agent',
      Conflicts: 'mail-transport-agent',
      Replaces: 'mail-transport-agent',
      Depends: 'libc6 (>= 2.36), libssl3 (>= 3.0.0)',
      Description: 'mail transport agent',
    },
    files: [
      { ...program('/usr/sbin/exim4', `exim4 ${version} for ${architecture}\n`), mode: 0o4755 },
      symlink('/usr/sbin/sendmail', 'exim4'),
      { ...directory('/var/mail', 0o2775), groupId: 8, groupName: 'mail' },
    ],
  }))
}

/** Everything of `stable` beside the base and what the security suite renews. */
export const applicationPackages: readonly ArchivedPackage[] = [
  // A binary-only rebuild of a source with an epoch.
  ...forEach((architecture, triplet) => ({
    control: {
      Package: 'zlib1g',
      Source: 'zlib (1:1.2.13.dfsg-1)',
      Version: '1:1.2.13.dfsg-1+b1',
      Section: 'libs',
      ...optional,
      'Multi-Arch': 'same',
      Depends: 'libc6 (>= 2.14)',
      Description: 'compression library',
    },
    files: [
      file(`/lib/${triplet}/libz.so.1.2.13`, `zlib for ${architecture}\n`),
      symlink(`/lib/${triplet}/libz.so.1`, 'libz.so.1.2.13'),
    ],
  })),
  ...forEach(architecture => ({
    control: {
      Package: 'nginx',
      Version: '1.22.1-9',
      Section: 'httpd',
      ...optional,
      Provides: 'httpd',
      Depends: 'nginx-common (= 1.22.1-9), libc6 (>= 2.34), libssl3 (>= 3.0.0)',
      Recommends: 'ca-certificates',
      Description: 'web server',
    },
    files: [program('/usr/sbin/nginx', `nginx for ${architecture}\n`)],
  })),
  ...forAll({
    control: {
      Package: 'nginx-common',
      Source: 'nginx',
      Version: '1.22.1-9',
      Section: 'httpd',
      ...optional,
      Breaks: 'nginx (<< 1.22.1)',
      Replaces: 'nginx (<< 1.22.1)',
      Depends: 'debconf (>= 0.5) | debconf-2.0',
      Description: 'configuration of the web server',
    },
    files: [
      file('/etc/nginx/nginx.conf', 'user www-data;\nworker_processes auto;\n'),
      file('/etc/nginx/mime.types', 'types { text/html html; }\n'),
      file('/var/www/html/index.html', '<p>It works.</p>\n'),
      { ...directory('/var/log/nginx'), userId: 33, userName: 'www-data', groupId: 33, groupName: 'www-data' },
    ],
    conffiles: ['/etc/nginx/nginx.conf', '/etc/nginx/mime.types'],
  }),
  ...forAll({
    control: {
      Package: 'ca-certificates',
      Version: '20230311+demo1',
      Section: 'misc',
      ...optional,
      'Multi-Arch': 'foreign',
      Depends: 'openssl (>= 1.1.1), debconf (>= 0.5) | debconf-2.0',
      Description: 'common certificates, none of them real',
    },
    files: [file('/usr/share/ca-certificates/demo/Worthless_Root.crt', 'not a certificate\n')],
  }),
  ...forAll({
    control: {
      Package: 'debconf',
      Version: '1.5.82',
      Section: 'admin',
      Priority: 'important',
      'Multi-Arch': 'foreign',
      'Pre-Depends': 'perl-base (>= 5.20)',
      Provides: 'debconf-2.0',
      Conflicts: 'cdebconf (<< 0.96)',
      Description: 'asks questions while packages are installed',
    },
    files: [program('/usr/bin/debconf'), file('/etc/debconf.conf', 'Config: configdb\n')],
    conffiles: ['/etc/debconf.conf'],
  }),
  ...forEach(architecture => ({
    control: {
      Package: 'cdebconf',
      Version: '0.270',
      Section: 'utils',
      ...optional,
      Provides: 'debconf-2.0',
      Depends: 'libc6 (>= 2.34)',
      Description: 'asks the same questions in C',
    },
    files: [program('/usr/lib/cdebconf/debconf', `cdebconf for ${architecture}\n`)],
  })),
  ...forEach(architecture => ({
    control: {
      Package: 'postfix',
      Version: '3.7.11-0+demo1',
      Section: 'mail',
      ...optional,
      Provides: 'mail-transport-agent',
      Conflicts: 'mail-transport-agent',
      Replaces: 'mail-transport-agent',
      Depends: 'libc6 (>= 2.34), libssl3 (>= 3.0.0)',
      Description: 'another mail transport agent',
    },
    files: [program('/usr/sbin/postfix', `postfix for ${architecture}\n`), symlink('/usr/sbin/sendmail', 'postfix')],
  })),
  ...forEach(architecture => ({
    control: {
      Package: 'bsd-mailx',
      Version: '8.1.2-0.20220412cvs-1',
      Section: 'mail',
      ...optional,
      Depends: 'exim4 | mail-transport-agent, libc6 (>= 2.34)',
      Description: 'sends mail from the command line',
    },
    files: [program('/usr/bin/bsd-mailx', `mailx for ${architecture}\n`), symlink('/usr/bin/mail', 'bsd-mailx')],
  })),
  // No package has these names: perl-base provides both, one of them with a version.
  ...forAll({
    control: {
      Package: 'libsort-naturally-perl',
      Version: '1.03-4',
      Section: 'perl',
      ...optional,
      'Multi-Arch': 'foreign',
      Depends: 'libscalar-list-utils-perl (>= 1:1.50), perlapi-5.36.0',
      Description: 'sorts as people expect',
    },
    files: [file('/usr/share/perl5/Sort/Naturally.pm', 'package Sort::Naturally;\n1;\n')],
  }),
  // A file name that does not follow from package, version and architecture.
  ...forAll({
    control: {
      Package: 'tzdata',
      Version: '2025b-0+demo1',
      Section: 'localization',
      Priority: 'required',
      'Multi-Arch': 'foreign',
      Depends: 'debconf (>= 0.5) | debconf-2.0',
      Description: 'time zones, only one of them',
    },
    files: [file('/usr/share/zoneinfo/Etc/UTC', 'TZif\n'), symlink('/usr/share/zoneinfo/UTC', 'Etc/UTC')],
    fileName: 'tzdata-2025b-for-demo.deb',
  }),
  ...forEach(
    () => ({
      control: {
        Package: 'grub-efi-amd64-bin',
        Source: 'grub2',
        Version: '2.06-13+demo1',
        Section: 'admin',
        ...optional,
        Description: 'boot loader that only one architecture has',
      },
      files: [file('/usr/lib/grub/x86_64-efi/moddep.lst', 'normal: boot\n')],
    }),
    ['amd64'],
  ),
]
