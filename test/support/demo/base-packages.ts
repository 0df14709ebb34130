import type { ArchivedPackage } from '../archive-builder.ts'
import { directory, file, forAll, forEach, hardLink, program, symlink } from './package.ts'

const essential = { Section: 'admin', Priority: 'required', Essential: 'yes' }

/** What every demo root has: the names and roles of Debian's Essential set, with a few bytes of content. */
export const basePackages: readonly ArchivedPackage[] = [
  // The Pre-Depends on a virtual package has two providers; the one of Priority required is chosen.
  ...forEach(() => ({
    control: {
      Package: 'base-files',
      Version: '12.4+demo1',
      ...essential,
      'Pre-Depends': 'awk',
      Replaces: 'base',
      Breaks: 'debian-demo-setup (<< 1.0)',
      Description: 'directories and identity of the demo system',
    },
    files: [
      directory('/boot'),
      directory('/etc/skel'),
      directory('/home'),
      directory('/root', 0o700),
      directory('/tmp', 0o1777),
      directory('/usr/lib'),
      directory('/usr/sbin'),
      directory('/var/cache'),
      directory('/var/lib/misc'),
      directory('/var/log'),
      directory('/var/tmp', 0o1777),
      file('/etc/debian_version', 'demo/1\n'),
      file('/etc/issue', 'Demo GNU/Linux 1\n'),
      file('/usr/lib/os-release', 'PRETTY_NAME="Demo GNU/Linux 1"\nNAME="Demo GNU/Linux"\nVERSION_ID="1"\nID=demo\n'),
      symlink('/etc/os-release', '../usr/lib/os-release'),
      symlink('/var/run', '/run'),
      directory('/run'),
    ],
    conffiles: ['/etc/issue'],
  })),
  // Debian's own package makes these two files in its postinst; here nothing has scripts.
  ...forEach(() => ({
    control: {
      Package: 'base-passwd',
      Version: '3.6.1',
      ...essential,
      Depends: 'libc6 (>= 2.34)',
      Description: 'the first users and groups',
    },
    files: [
      file(
        '/etc/passwd',
        'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
      ),
      file('/etc/group', 'root:x:0:\ndaemon:x:1:\nmail:x:8:\nwww-data:x:33:\nnogroup:x:65534:\n'),
    ],
  })),
  // /bin is a symlink where /usr is merged: the two paths below it land in /usr/bin.
  ...forEach(architecture => ({
    control: {
      Package: 'dash',
      Version: '0.5.12-2',
      Section: 'shells',
      Priority: 'required',
      Essential: 'yes',
      'Pre-Depends': 'libc6 (>= 2.36)',
      Description: 'shell that is /bin/sh',
    },
    files: [program('/bin/dash', `a shell for ${architecture}\n`), symlink('/bin/sh', 'dash')],
  })),
  ...forEach(architecture => ({
    control: {
      Package: 'coreutils',
      Version: '9.1-1',
      ...essential,
      'Pre-Depends': 'libc6 (>= 2.34)',
      Description: 'basic file tools',
    },
    files: [
      program('/bin/cat', `cat for ${architecture}\n`),
      program('/usr/bin/env', `env for ${architecture}\n`),
      directory('/usr/share/doc/coreutils'),
    ],
  })),
  // Two names of one file.
  ...forEach(architecture => ({
    control: {
      Package: 'perl-base',
      Source: 'perl',
      Version: '5.36.0-7+demo2',
      Section: 'perl',
      Priority: 'required',
      Essential: 'yes',
      'Pre-Depends': 'libc6 (>= 2.35)',
      Provides: 'perlapi-5.36.0, libscalar-list-utils-perl (= 1:1.62)',
      Conflicts: 'safe-rm (<< 0.8)',
      Description: 'minimal Perl',
    },
    files: [program('/usr/bin/perl', `Perl for ${architecture}\n`), hardLink('/usr/bin/perl5.36.0', '/usr/bin/perl')],
  })),
  ...forAll({
    control: {
      Package: 'init-system-helpers',
      Version: '1.65.2',
      ...essential,
      'Multi-Arch': 'foreign',
      Depends: 'usrmerge | usr-is-merged',
      Description: 'tools to switch between init systems',
    },
    files: [program('/usr/sbin/service')],
  }),
  // The first alternative converts an unmerged system; a new one excludes it.
  ...forAll({
    control: {
      Package: 'usrmerge',
      Version: '37~demo1',
      Section: 'admin',
      Priority: 'optional',
      Depends: 'perl-base',
      Provides: 'usr-is-merged (= 37~demo1)',
      Conflicts: 'usr-is-merged',
      Description: 'converts a system to merged /usr',
    },
    files: [program('/usr/lib/usrmerge/convert-usrmerge')],
  }),
  ...forAll({
    control: {
      Package: 'usr-is-merged',
      Source: 'usrmerge',
      Version: '37~demo1',
      Section: 'admin',
      Priority: 'optional',
      Description: 'says that /usr is merged already',
    },
    files: [directory('/usr/share/doc/usr-is-merged')],
  }),
  ...forEach((architecture, triplet) => ({
    control: {
      Package: 'libc6',
      Source: 'glibc',
      Version: '2.36-9+demo10',
      Section: 'libs',
      Priority: 'optional',
      'Multi-Arch': 'same',
      Depends: 'libc-bin (= 2.36-9+demo10)',
      Description: 'C library',
    },
    files: [
      file(`/lib/${triplet}/libc.so.6`, `libc for ${architecture}\n`, 0o755),
      file('/usr/share/doc/libc6/copyright', 'the same words on every architecture\n'),
    ],
  })),
  ...forEach(architecture => ({
    control: {
      Package: 'libc-bin',
      Source: 'glibc',
      Version: '2.36-9+demo10',
      Section: 'libs',
      Priority: 'required',
      Essential: 'yes',
      'Multi-Arch': 'foreign',
      Depends: 'libc6 (>> 2.36), libc6 (<< 2.37)',
      Description: 'tools of the C library',
    },
    files: [
      program('/sbin/ldconfig', `ldconfig for ${architecture}\n`),
      file('/etc/ld.so.conf', 'include /etc/ld.so.conf.d/*.conf\n'),
      file('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    ],
    conffiles: ['/etc/ld.so.conf'],
  })),
  ...forEach(architecture => ({
    control: {
      Package: 'mawk',
      Version: '1.3.4.20200120-3.1',
      Section: 'utils',
      Priority: 'required',
      'Multi-Arch': 'foreign',
      Provides: 'awk',
      'Pre-Depends': 'libc6 (>= 2.33)',
      Description: 'small awk',
    },
    files: [program('/usr/bin/mawk', `mawk for ${architecture}\n`), symlink('/usr/bin/awk', 'mawk')],
  })),
  ...forEach(architecture => ({
    control: {
      Package: 'original-awk',
      Version: '1:20220912-2',
      Section: 'utils',
      Priority: 'optional',
      'Multi-Arch': 'foreign',
      Provides: 'awk',
      'Pre-Depends': 'libc6 (>= 2.33)',
      Description: 'the awk of its authors',
    },
    files: [program('/usr/bin/original-awk', `awk for ${architecture}\n`)],
  })),
]
