import type { TreeEntry } from '../tree/index.ts'

/** A secret that a package makes for the machine it is installed on: an image must not ship it. */
export interface MachineSecret {
  /** Only where this path is in the root does anybody make the secret. */
  readonly maker: string
  /**
   * Paths, as patterns of the whole path. Scripts find placeholders at those without `*`, so that they make nothing: key generation is
   * most of the time that openssh-server takes.
   */
  readonly paths: readonly string[]
  /** Files for which nothing can stand in, and folders with all that is in them, as patterns: scripts make them, and sealing takes them away. */
  readonly leftOut?: readonly string[]
  /** The command of the image that makes it where it is missing, and does nothing where it is there. */
  readonly command: string
  /** The units that need it. */
  readonly before: readonly string[]
}

export const machineSecrets: readonly MachineSecret[] = [
  {
    maker: 'usr/sbin/sshd',
    paths: ['rsa', 'ecdsa', 'ed25519'].flatMap(kind => [
      `etc/ssh/ssh_host_${kind}_key`,
      `etc/ssh/ssh_host_${kind}_key.pub`,
    ]),
    command: '/usr/bin/ssh-keygen -A',
    before: ['ssh.service', 'ssh.socket', 'sshd.service'],
  },
  {
    // Its postinst takes openssh's keys over where there are some, and here they are empty.
    maker: 'usr/sbin/dropbear',
    paths: ['rsa', 'ecdsa', 'ed25519'].map(kind => `etc/dropbear/dropbear_${kind}_host_key`),
    command:
      '/bin/sh -c "test -d /etc/dropbear || exit 0; for kind in rsa ecdsa ed25519; do key=/etc/dropbear/dropbear_$${kind}_host_key; test -s $$key || /usr/bin/dropbearkey -t $$kind -f $$key; done"',
    before: ['dropbear.service'],
  },
  {
    // One for all machines of a cluster; whoever has a cluster brings it with `files`, and then this leaves it alone.
    maker: 'usr/sbin/mungekey',
    paths: ['etc/munge/munge.key'],
    command: '/bin/sh -c "test -s /etc/munge/munge.key || runuser -u munge -- /usr/sbin/mungekey -c"',
    before: ['munge.service'],
  },
  {
    maker: 'usr/sbin/make-ssl-cert',
    paths: ['etc/ssl/certs/ssl-cert-snakeoil.pem', 'etc/ssl/private/ssl-cert-snakeoil.key'],
    command: '/usr/sbin/make-ssl-cert generate-default-snakeoil',
    before: ['postgresql.service', 'apache2.service', 'nginx.service', 'postfix.service', 'dovecot.service'],
  },
  {
    // initdb gives each cluster an identifier made of the time, and writes a log of its own making.
    maker: 'usr/bin/pg_createcluster',
    paths: [],
    leftOut: ['var/lib/postgresql/*/*'],
    command:
      '/bin/sh -c "for each in /etc/postgresql/*/*; do test -d $$each || continue; place=/var/lib/postgresql/$${each#/etc/postgresql/}; test -e $$place/PG_VERSION && continue; mkdir -p $$place && chown postgres:postgres $$place && version=$${each#/etc/postgresql/} && runuser -u postgres -- /usr/lib/postgresql/$${version%%/*}/bin/initdb -D $$place --auth-local peer --auth-host scram-sha-256 --no-instructions; done"',
    // postgresql@.service comes after network.target.
    before: ['network.target', 'postgresql.service'],
  },
  {
    // Its tables hold the time of their making, and the server an identity. As Debian's postinst calls it: else it looks up `localhost`, which
    // nobody knows in an image without /etc/hosts, and fails.
    maker: 'usr/bin/mariadb-install-db',
    paths: [],
    leftOut: ['var/lib/mysql/*'],
    command:
      '/bin/sh -c "test -d /var/lib/mysql/mysql || /usr/bin/mariadb-install-db --rpm --cross-bootstrap --user=mysql --datadir=/var/lib/mysql --skip-test-db --auth-root-authentication-method=socket --disable-log-bin"',
    before: ['mariadb.service'],
  },
  {
    // A hash table of Berkeley DB that holds its identity, made of the time; newaliases makes it of /etc/aliases.
    maker: 'usr/sbin/postalias',
    paths: [],
    leftOut: ['etc/aliases.db'],
    command: '/bin/sh -c "test -e /etc/aliases.db || test ! -e /etc/aliases || /usr/bin/newaliases"',
    before: ['postfix.service', 'postfix@-.service'],
  },
  {
    maker: 'usr/sbin/rndc-confgen',
    paths: ['etc/bind/rndc.key'],
    // The server reads it as its own user.
    command:
      '/bin/sh -c "test -s /etc/bind/rndc.key || { /usr/sbin/rndc-confgen -a -A hmac-sha256 && chown bind:bind /etc/bind/rndc.key && chmod 640 /etc/bind/rndc.key; }"',
    before: ['named.service'],
  },
  {
    maker: 'usr/sbin/iscsi-iname',
    paths: ['etc/iscsi/initiatorname.iscsi'],
    command:
      '/bin/sh -c "test -s /etc/iscsi/initiatorname.iscsi || { umask 077 && echo InitiatorName=$(/usr/sbin/iscsi-iname -p iqn.1993-08.org.debian:01) >/etc/iscsi/initiatorname.iscsi; }"',
    before: ['iscsid.service', 'iscsi.service'],
  },
  {
    maker: 'usr/sbin/nvme',
    paths: ['etc/nvme/hostnqn', 'etc/nvme/hostid'],
    command:
      '/bin/sh -c "test -s /etc/nvme/hostid || cat /proc/sys/kernel/random/uuid >/etc/nvme/hostid; test -s /etc/nvme/hostnqn || /usr/sbin/nvme gen-hostnqn >/etc/nvme/hostnqn"',
    before: ['nvmf-autoconnect.service', 'nvmefc-boot-connections.service'],
  },
]

const unitPath = 'etc/systemd/system/aptroot-machine-secrets.service'
const wantsPath = 'etc/systemd/system/multi-user.target.wants/aptroot-machine-secrets.service'

/** What an image gets so that its machine makes what was left out. */
export interface FirstBoot {
  readonly unit: { readonly path: string; readonly text: string }
  readonly link: { readonly path: string; readonly target: string }
}

/**
 * A systemd unit that makes the secrets that were left out, before the services start that need them.
 *
 * @returns undefined when nothing was left out, or there is no systemd to run it
 */
export function firstBootOf(tree: ReadonlyMap<string, TreeEntry>): FirstBoot | undefined {
  const made = machineSecrets.filter(({ maker }) => tree.has(maker))
  if (made.length === 0 || !tree.has('usr/lib/systemd/systemd')) return undefined
  const before = [...new Set(made.flatMap(each => each.before))]
  const lines = [
    '[Unit]',
    'Description=Make the secrets of this machine that its image does not ship',
    // Services wait for sockets, so what comes before ssh.socket cannot wait for basic.target, as services do by default.
    'DefaultDependencies=no',
    'Conflicts=shutdown.target',
    'RequiresMountsFor=/etc /var /tmp',
    'After=local-fs.target systemd-random-seed.service systemd-sysusers.service systemd-tmpfiles-setup.service',
    `Before=shutdown.target ${before.join(' ')}`,
    'ConditionPathIsReadWrite=/etc',
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'Environment=DEBIAN_FRONTEND=noninteractive',
    // A cluster that cannot be made, on a disk that is full, keeps nobody else from a key; its own service says what it lacks.
    ...made.map(({ command, leftOut }) => `ExecStart=${leftOut === undefined ? '' : '-'}${command}`),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ]
  return {
    unit: { path: unitPath, text: `${lines.join('\n')}\n` },
    link: { path: wantsPath, target: `/${unitPath}` },
  }
}

/** Of the secrets whose maker is there: where scripts have to find something. */
export function placeholderPaths(tree: { has(path: string): boolean }): readonly string[] {
  return machineSecrets.filter(({ maker }) => tree.has(maker)).flatMap(({ paths }) => paths)
}
