import type { FaultCode } from '../../src/kernel/index.ts'

/** A manifest that has every key which this version reads. */
export const everyKey = `manifest: 1
distribution: debian/bookworm
architectures: [amd64+i386, arm64]
archives:
  - id: site
    uri: https://mirror.example.org/site
    mirrors: ["http://127.0.0.1:8080/site", "file:///srv/site"]
    suites: [bookworm, bookworm/updates]
    components: [main, contrib]
    architectures: [amd64]
    signed-by: keys/site.asc
    snapshot: https://snapshot.example.org/site/{timestamp}
    max-age: 2w
    security: true
  - {id: flat, uri: "http://mirror.example.org/flat", suites: [./], trusted: {reason: built by our own CI}}
base: essential
packages:
  - nginx
  - "openssl (>= 3.0)"
  - "default-mta | mail-transport-agent"
  - "grub-efi-amd64-bin [amd64]"
  - curl=7.88.1-10
  - "git/bookworm-backports [arm64 amd64]"
  - libc6:i386 [amd64]
exclude: [usrmerge]
recommends: [nginx]
same-version: [linux-libc-dev]
phased-updates: never
pins:
  - {source: systemd, version: "252.*", reason: "https://bugs.debian.org/1", until: 2027-01-31}
  - {package: "*", release: "n=bookworm-backports,o=Debian Backports", priority: -1, reason: none of it}
  - {package: "src:linux /^libc6/ git*:i386", release: bookworm-*, origin: "", priority: never, reason: not here}
image:
  configure: scripts
  exclude-paths: ["/usr/share/doc/*"]
  merged-usr: false
  files: [{source: overlay/, target: /}, {source: a.conf, target: /etc/a, owner: app, group: 4, mode: "0640", template: true}]
  variables: {domain: example.org, greeting: ""}
  source-date-epoch: 1735689600
  outputs:
    - {format: tar, path: "./out/{architecture}/rootfs.tar"}
    - format: oci
      path: out/oci
      ref: nginx:latest
      layers: packages
      entrypoint: [/usr/sbin/nginx, -g, "daemon off;"]
      cmd: ["-q", "-q"]
      env: {PATH: /usr/bin, LANG: ""}
      user: "33:33"
      workdir: /srv
      labels: {org.example.team: web}
      annotations: {org.opencontainers.image.title: nginx}
    - {format: ostree, path: out/repo, ref: "debian/{architecture}", layout: plain, subject: a web server}
    - {format: squashfs, path: "out/{architecture}/root.squashfs", compression: gzip}
    - {format: erofs, path: "out/{architecture}/root.erofs"}
    - {format: ext4, path: "out/{architecture}/root.ext4", size: 2G, label: root}
  ids: {sshd: 110, ssl-cert: {gid: 111}, _chrony: {uid: 112, gid: 113}}
  debconf: ["tzdata tzdata/Areas select Europe", "adduser adduser/homedir-permission boolean"]
  users:
    - {name: app, uid: 1000, gid: 1001, home: /srv/app, shell: /bin/sh, groups: [adm], gecos: "The app, itself"}
    - {name: bare, uid: 1002}
  groups: [{name: ops, gid: 1003}]
  locales: [de_DE.UTF-8, C.UTF-8]
  units: {enable: [ssh.service], disable: ["getty@tty1.service"], mask: [apt-daily.timer]}
  run: [{script: hooks/finish.sh}]
  apt-sources: manifest
  hostname: web-1.example.org
  timezone: America/Argentina/Ushuaia
  sysctl: {net.ipv4.ip_forward: 1, kernel.core_pattern: "|/bin/false"}
  remove: {paths: [/usr/share/doc], packages: [perl]}
debs: [{path: "debs/*.deb", pin: hash}]
policy:
  groups:
    - {name: fixes, kinds: [security, stable-update]}
    - {name: kernel, sources: ["linux*", "/^firmware-/"], archives: [debian, site]}
    - {name: rest}
  ignore:
    - {source: "linux*", versions: [">= 6.2", "<< 7"], kinds: [major], reason: the driver is not ready, until: 2027-01-31}
  allow: [{source: nginx, reason: we need it now, until: 2027-01-31}]
  minimum-age: {any: 3d, major: 2w}
  limit: 5
  labels: [dependencies, "debian/packages"]
`

/** What the bad lines below follow. */
export const manifestHead = 'manifest: 1\ndistribution: debian/bookworm\narchitectures: [amd64, arm64]\n'
const archive = (fields: string) =>
  `archives:\n  - {id: x, uri: "http://mirror.example.org/x", suites: [s], components: [main], signed-by: debian-archive${fields}}`
/** Each is appended to a good head; the place is that of the fault. */
export const badManifests: readonly (readonly [text: string, place: string, message: RegExp, code?: FaultCode])[] = [
  ['pacakges: [nginx]', '4:1', /"pacakges" is not a key of a manifest/],
  ['debs: [{path: ../a.deb}]', '4:15', /`path` "..\/a.deb"/],
  ['debs: [{path: /a.deb}]', '4:15', /`path` "\/a.deb"/],
  ['debs: [{path: "*/a.deb"}]', '4:15', /`path` "\*\/a.deb"/],
  ['debs: [{path: a.txt}]', '4:15', /`path` "a.txt"/],
  ['debs: [{pin: hash}]', '4:8', /`path` of `debs` is missing/],
  ['image: {configure: none, ids: {sshd: 110}}', '4:31', /`ids` needs programs of the image/],
  ['image: {configure: none, remove: {packages: [perl]}}', '4:45', /`packages` needs programs of the image/],
  ['image: {ids: {sshd: 0}}', '4:21', /no whole number from 1/],
  ['image: {ids: {"a:b": 110}}', '4:15', /a name in `ids` "a:b"/],
  ['image: {ids: {sshd: {}}}', '4:21', /the id of "sshd" is empty/],
  ['image: {ids: {sshd: 110, ntp: {uid: 110}}}', '4:31', /gives 110 to both "sshd" and "ntp"/],
  ['image: {debconf: ["tzdata tzdata/Areas select Europe\\nx x/y string z"]}', '4:19', /an item of `debconf`/],
  ['image: {users: [{name: app}]}', '4:17', /`uid` of a user is missing/],
  ['image: {users: [{name: "root\\nx", uid: 1}]}', '4:24', /a name of a user or group/],
  ['image: {users: [{name: a, uid: 1, home: "/a:b"}]}', '4:41', /without `..` and colon/],
  ['image: {users: [{name: a, uid: 1, shell: /a/../b}]}', '4:42', /without `..` and colon/],
  ['image: {users: [{name: a, uid: 1, gecos: "x:0:0"}]}', '4:42', /one line without colon/],
  ['image: {users: [{name: a, uid: 1}, {name: a, uid: 2}]}', '4:36', /is written twice, first in line 4/],
  ['image: {groups: [{name: a, gid: 65534}]}', '4:33', /no whole number from 1/],
  ['image: {files: [{source: a, target: /a, mode: 0640}]}', '4:47', /`mode` is a number for YAML/],
  ['image: {files: [{source: a, target: /a, mode: "0888"}]}', '4:47', /octal digits/],
  ['image: {files: [{source: a, target: /a, owner: -1}]}', '4:48', /no whole number from 0 to/],
  ['image: {files: [{source: a, target: /a, group: "a:b"}]}', '4:48', /a name of a user or group/],
  ['image: {files: [{source: a, target: /a, template: "yes"}]}', '4:51', /must be true or false/],
  ['image: {variables: {hostname: x}}', '4:21', /cannot set "hostname", which every template has/],
  ['image: {variables: {Domain: x}}', '4:21', /a name in `variables` "Domain"/],
  ['image: {variables: {domain: 1}}', '4:29', /is a number for YAML/],
  ['image: {hostname: "a b"}', '4:19', /does not look like web/],
  ['image: {timezone: ../../etc/shadow}', '4:19', /does not look like Europe/],
  ['image: {locales: ["de_DE.UTF-8 UTF-8"]}', '4:19', /does not look like de_DE.UTF-8/],
  ['image: {units: {enable: [ssh]}}', '4:26', /the whole name of a unit/],
  ['image: {units: {mask: [--root=/x.service]}}', '4:24', /the whole name of a unit/],
  ['image: {sysctl: {"a.b\\nc.d": 1}}', '4:18', /a name in `sysctl`/],
  ['image: {sysctl: {a.b: "1\\nc.d = 2"}}', '4:23', /one line of text, or a number/],
  ['image: {remove: {paths: [/]}}', '4:26', /an absolute path without/],
  ['image: {remove: {paths: [/usr/../etc]}}', '4:26', /an absolute path without/],
  ['image: {run: [{script: ../finish.sh}]}', '4:24', /leaves the folder/, 'MANIFEST_PATH_OUTSIDE'],
  ['image: {apt-sources: all}', '4:22', /`apt-sources` cannot be "all"/],
  ['image: {apt-sources: [{id: x}]}', '4:23', /is missing/],
  ['image: {outputs: [{format: ocl, path: out}]}', '4:28', /`format` cannot be "ocl"/],
  ['image: {outputs: [{path: out}]}', '4:19', /`format` of an output is missing/],
  [
    'image: {outputs: [{format: tar, path: "a{architecture}", ref: a}]}',
    '4:58',
    /no(t| ) a key of an output of format tar/,
  ],
  ['image: {outputs: [{format: oci, path: a, ref: "a b"}]}', '4:47', /the name of an image/],
  ['image: {outputs: [{format: oci, path: a, entrypoint: []}]}', '4:54', /is an empty list/],
  ['image: {outputs: [{format: oci, path: a, env: {"A=B": x}}]}', '4:48', /a name in `env` "A=B"/],
  ['image: {outputs: [{format: oci, path: a, labels: {a: 1}}]}', '4:54', /is a number for YAML/],
  ['image: {outputs: [{format: ostree, path: a, ref: ../x}]}', '4:50', /a branch such as/],
  ['image: {outputs: [{format: ostree, path: a, ref: x}]}', '4:42', /2 architectures/],
  ['image: {outputs: [{format: ext4, path: "{architecture}", size: 1T}]}', '4:64', /a size such as/],
  ['policy: {groups: [{sources: [a]}]}', '4:19', /`name` of a group is missing/],
  ['policy: {groups: [{name: A}]}', '4:26', /lower-case letters/],
  ['policy: {groups: [{name: a}, {name: a}]}', '4:30', /is written twice, first in line 4/],
  ['policy: {groups: [{name: a, kinds: [minor, mayor]}]}', '4:44', /cannot be "mayor"/],
  ['policy: {groups: [{name: a, sources: []}]}', '4:38', /is an empty list/],
  ['policy: {groups: [{name: a, sources: ["/(/"]}]}', '4:39', /cannot be matched/],
  ['policy: {groups: [{name: a, archives: [sury]}]}', '4:40', /the archive of a group cannot be "sury"/],
  ['policy: {ignore: [{source: a, until: 2027-01-31}]}', '4:19', /`reason` of a rule is missing/],
  ['policy: {ignore: [{source: a, reason: b}]}', '4:19', /`until` of a rule is missing/],
  ['policy: {allow: [{source: a, reason: b, until: 2027-02-30}]}', '4:48', /no day of the calendar/],
  [
    'policy: {ignore: [{source: a, versions: ["6.*"], reason: b, until: 2027-01-31}]}',
    '4:42',
    /does not look like ">=/,
  ],
  ['policy: {ignore: [{source: a, versions: [">= 1:"], reason: b, until: 2027-01-31}]}', '4:42', /is not a version/],
  ['policy: {minimum-age: {security: 3d}}', '4:24', /"security" is not a key of `minimum-age`/],
  ['policy: {minimum-age: {any: 3}}', '4:29', /is a number for YAML/],
  ['policy: {limit: 0}', '4:17', /no whole number from 1/],
  ['policy: {labels: ["a,b"]}', '4:19', /without commas/],
  ['base: all', '4:7', /`base` cannot be "all"/],
  ['packages: nginx', '4:11', /must be a list, and is "nginx"/],
  ['packages:', '4:10', /must be a list, and is empty/],
  ['packages: [1]', '4:12', /is a number for YAML/],
  ['packages: [yes, true]', '4:17', /is true or false for YAML/],
  ['packages: [nginx, "nginx "]', '4:19', /written twice, first in line 4/],
  ['packages: ["a, b"]', '4:12', /is not one item/],
  ['packages: [""]', '4:12', /is not one item/],
  ['packages: ["a (>> )"]', '4:12', /is not a list of relations/],
  ['packages: ["a [amd64] | b"]', '4:12', /restricted to different architectures/],
  ['packages: ["a <!nocheck>"]', '4:12', /build profiles/],
  ['packages: ["a [x86_64]"]', '4:12', /is not a list of relations|neither an architecture/],
  ['packages: ["a [pdp11]"]', '4:12', /neither an architecture/],
  ['packages: ["a:pdp11"]', '4:12', /not an architecture/],
  ['packages: ["a=1:"]', '4:12', /not a version/],
  ['packages: [a/../b]', '4:12', /no name of a suite/],
  ['exclude: ["*"]', '4:11', /does not look like a package name/],
  ['recommends: maybe', '4:13', /true, false or a list/],
  ['same-version: maybe', '4:15', /`same-version` must be true, false or a list/],
  ['same-version: ["a b"]', '4:16', /does not look like a package name/],
  ['phased-updates: sometimes', '4:17', /`phased-updates` cannot be "sometimes"/],
  ['pins: [{package: a}]', '4:8', /`reason` of a pin is missing/],
  ['pins: [{reason: a}]', '4:8', /neither `package` nor `source`/],
  ['pins: [{package: a, reason: b, priority: 0}]', '4:42', /no meaning in apt_preferences/],
  ['pins: [{package: a, reason: b, priority: 1e9}]', '4:42', /no whole number from -32767/],
  ['pins: [{package: a, reason: b, priority: 1.5}]', '4:42', /no whole number/],
  ['pins: [{package: a, reason: b, until: 2027-02-30}]', '4:39', /no day of the calendar/],
  ['pins: [{package: a, reason: b, release: "n=x,n=y"}]', '4:41', /says n= twice/],
  ['pins: [{package: "/(/", reason: b}]', '4:18', /cannot be matched: a `\(` is never closed/],
  ['pins: [{package: "a b:pdp11", reason: b}]', '4:18', /pdp11 is no architecture/],
  ['pins: [{package: "a/b", reason: b}]', '4:18', /is neither a name nor a pattern/],
  ['pins: [{package: a, reason: b, version: "/((a{99}){99}){99}/"}]', '4:41', /its repetitions make it too large/],
  ['pins: [{package: a, reason: b, release: "o=/[/"}]', '4:41', /a `\[` is never closed/],
  ['pins: [{package: a, reason: b, version: 252}]', '4:41', /is a number for YAML/],
  ['archives: [{}]', '4:12', /`suites` of an archive is missing/],
  [archive(', trusted: {reason: x}'), '5:118', /exclude each other/],
  [archive(', max-age: 1y'), '5:118', /does not look like 12h, 14d or 2w/],
  [archive(', snapshot: "http://mirror.example.org/"'), '5:119', /\{timestamp\} exactly once/],
  [archive(', mirrors: ["http://mirror.example.org/x"]'), '5:119', /is the `uri` already/],
  [archive(', mirrors: ["http://user:secret@mirror.example.org/x"]'), '5:119', /^(?!.*secret).*user name or password/],
  [archive(', mirrors: ["ftp://mirror.example.org/x"]'), '5:119', /does not look like http/],
  [archive(', mirrors: ["http://[/"]'), '5:119', /is no URL/],
  [archive(', fallback: x'), '5:109', /does not support the key `fallback` yet/],
  ['archives: [{id: x, uri: "file:///x", suites: [./], components: [main], trusted: {reason: x}}]', '4:64', /flat/],
  ['archives: [{id: x, uri: "file:///x", suites: [./, s], trusted: {reason: x}}]', '4:46', /the others are not/],
  ['archives: [{id: x, uri: "file:///x", suites: [../x]}]', '4:47', /does not look like bookworm/],
  ['archives: [{id: x, uri: "file:///x", suites: [s], components: [main]}]', '4:12', /neither `signed-by` nor/],
  [
    'archives: [{id: x, uri: "file:///x", suites: [./], signed-by: debian-archiv}]',
    '4:63',
    /is no key ring that aptroot has/,
  ],
  [
    'archives: [{id: debian, uri: "file:///x", suites: [./], signed-by: debian-archive}]',
    '4:12',
    /comes with `distribution: debian\/bookworm` already/,
  ],
  [
    'archives: [{id: x, uri: "file:///x", suites: [./], signed-by: ../../etc/shadow}]',
    '4:63',
    /leaves the folder of the manifest/,
    'MANIFEST_PATH_OUTSIDE',
  ],
  ['image: {files: [{source: /etc, target: /}]}', '4:26', /leaves the folder/, 'MANIFEST_PATH_OUTSIDE'],
  ['image: {files: [{source: a/../../b, target: /}]}', '4:26', /leaves the folder/, 'MANIFEST_PATH_OUTSIDE'],
  ['image: {files: [{source: a, target: /../b}]}', '4:37', /absolute path of the image/],
  ['image: {files: [{source: a, target: etc}]}', '4:37', /absolute path of the image/],
  ['image: {outputs: [{format: tar, path: ../a.tar}]}', '4:39', /leaves the folder/, 'MANIFEST_PATH_OUTSIDE'],
  ['image: {outputs: [{format: directory, path: ./}]}', '4:45', /would replace the folder/],
  ['image: {outputs: [{format: tar, path: a.tar}]}', '4:39', /2 architectures/],
  ['image: {outputs: [{format: tar, path: "a{arch}"}]}', '4:39', /placeholder other than/],
  ['image: {exclude-paths: [usr]}', '4:25', /absolute path such as/],
  ['image: {source-date-epoch: -1}', '4:28', /no whole number from 0/],
  ['image: {merged-usr: "yes"}', '4:21', /must be true or false/],
  ['image: none', '4:8', /must be keys and values/],
  ['base: none\nbase: none', '5:1', /written twice/, 'MANIFEST_MALFORMED'],
  ['base: [', '5:1', /./, 'MANIFEST_MALFORMED'],
  ['base: !!binary aGFsbG8=', '4:16', /tags/, 'MANIFEST_MALFORMED'],
  ['base: !secret none', '4:7', /tags/, 'MANIFEST_MALFORMED'],
  ['image:\n\tconfigure: none', '5:1', /tab/, 'MANIFEST_MALFORMED'],
  ['---\nmanifest: 1', '4:1', /second YAML document/, 'MANIFEST_MALFORMED'],
  ['base: *none', '4:7', /no anchor/, 'MANIFEST_MALFORMED'],
  ['packages: &a [*a]', '4:15', /no anchor/, 'MANIFEST_MALFORMED'],
  ['? [a, b]\n: c', '4:3', /must be text/, 'MANIFEST_MALFORMED'],
  ['<<: {base: none}', '4:1', /"<<" is not a key/],
  ['__proto__: {base: none}', '4:1', /"__proto__" is not a key/],
  ['node: 1', '4:1', /"node" is not a key/],
]
