import type { SandboxBackEnd } from '../sandbox/index.ts'
import { tmpfilesProgram } from './tmpfiles-program.ts'

/** What programs find in the place of another while scripts run; in the image is what packages bring there. */
export interface StandIn {
  readonly path: string
  readonly text: string
  /** `over a file`: scripts look whether the program is there, so it is put only where a package brought it. */
  readonly placed: 'always' | 'over a file'
}

/** What keeps services from being started. */
const usual: readonly StandIn[] = [
  // invoke-rc.d asks it: 101 is "not allowed".
  { path: 'usr/sbin/policy-rc.d', text: '#!/bin/sh\nexit 101\n', placed: 'always' },
  { path: 'sbin/start-stop-daemon', text: '#!/bin/sh\nexit 0\n', placed: 'always' },
]

/**
 * libc6's postinst asks whether it is in a chroot, and where it is not, it tells init to start anew and waits a second for that. There is no init. To
 * anybody else this says what ischroot(1) says there: in namespaces, where process 1 has the same root, that it is none; in a chroot without a real
 * `/proc` that nobody knows.
 */
function ischroot(otherwise: string): StandIn {
  const text = `#!/bin/sh
test "$DPKG_MAINTSCRIPT_PACKAGE $DPKG_MAINTSCRIPT_NAME" = 'libc6 postinst' && exit 0
${otherwise}
`
  return { path: 'usr/bin/ischroot', text, placed: 'over a file' }
}

const unknowable = 'case $1 in -t | --default-true) exit 0 ;; -f | --default-false) exit 1 ;; esac; exit 2'

/**
 * A chroot has the name and the addresses of its host. This says what hostname(1) says where the name is `localhost` and nothing but the loopback is
 * there; a name without a domain has an empty one.
 */
const hostname = `#!/bin/sh
case ${'$'}{0##*/} in
  dnsdomainname) set -- -d ;;
  domainname) test $# -gt 0 || { echo '(none)'; exit 0; }; set -- -y ;;
  ypdomainname | nisdomainname) set -- -y ;;
esac
case $1 in
  -A | --all-fqdns | -I | --all-ip-addresses) echo; exit 0 ;;
  -y | --yp | --nis) echo 'hostname: Local domain name not set' >&2; exit 1 ;;
  -d | --domain | -f | --fqdn | --long | -i | --ip-address | -a | --alias)
    getent hosts localhost >/dev/null || { echo 'hostname: Name or service not known' >&2; exit 1; } ;;
esac
case $1 in
  -d | --domain) exit 0 ;;
  -i | --ip-address) { grep -oE '^::1([[:space:]].*)?[[:space:]]localhost([[:space:]]|$)' /etc/hosts | grep -o ::1; echo 127.0.0.1; } | paste -sd ' ' ; exit 0 ;;
  -a | --alias) getent hosts localhost | sed -E 's/^[^ ]+ +[^ ]+ *//; s/ +/ /g'; exit 0 ;;
esac
echo localhost
`

const ofChroot: readonly StandIn[] = [
  ...['usr/bin/systemd-tmpfiles', 'bin/systemd-tmpfiles'].map(path => ({ path, text: tmpfilesProgram })),
  { path: 'bin/hostname', text: hostname },
].map(each => ({ ...each, placed: 'over a file' }))

export function standInsFor(backEnd: SandboxBackEnd): readonly StandIn[] {
  return backEnd === 'chroot' ? [...usual, ischroot(unknowable), ...ofChroot] : [...usual, ischroot('exit 1')]
}
