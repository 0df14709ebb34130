/** A daemon whose secrets or data a machine makes at its first boot, and how to see that it has what it needs then. */
export interface FirstBootCheck {
  readonly packages: readonly string[]
  /** A shell script in the booted system, under `set -e`; what it prints is for a person. */
  readonly script: string
}

export const firstBootChecks = {
  unit: {
    packages: ['systemd', 'systemd-sysv'],
    script: `systemd-analyze verify /etc/systemd/system/aptroot-machine-secrets.service
systemctl --quiet enable ssh.socket 2>/dev/null || true
if systemd-analyze verify default.target 2>&1 | grep 'ordering cycle'; then exit 1; fi`,
  },
  'openssh-server': {
    packages: ['openssh-server'],
    script: `mkdir -p /run/sshd
sshd -t
test "$(stat -c %U:%G:%a /etc/ssh/ssh_host_ed25519_key)" = root:root:600
for kind in rsa ecdsa ed25519; do ssh-keygen -l -f /etc/ssh/ssh_host_"$kind"_key.pub; done`,
  },
  // Beside openssh-server its postinst would take over the keys that are there.
  dropbear: {
    packages: ['dropbear', 'openssh-server'],
    script: `for kind in rsa ecdsa ed25519; do dropbearkey -y -f /etc/dropbear/dropbear_"$kind"_host_key | grep ^Fingerprint; done
test "$(stat -c %U:%G:%a /etc/dropbear/dropbear_rsa_host_key)" = root:root:600`,
  },
  munge: {
    packages: ['munge'],
    script: `test "$(stat -c %U:%G:%a:%s /etc/munge/munge.key)" = munge:munge:600:128
mkdir -p /run/munge && chown munge:munge /run/munge
runuser -u munge -- munged
munge --no-input | unmunge | grep Success
runuser -u munge -- munged --stop`,
  },
  'ssl-cert': {
    packages: ['ssl-cert'],
    script: `openssl x509 -noout -checkend 86400 -in /etc/ssl/certs/ssl-cert-snakeoil.pem
test "$(stat -c %U:%G:%a /etc/ssl/private/ssl-cert-snakeoil.key)" = root:ssl-cert:640`,
  },
  bind9: {
    packages: ['bind9'],
    script: `named-checkconf /etc/bind/named.conf
test "$(stat -c %U:%G:%a /etc/bind/rndc.key)" = bind:bind:640
mkdir -p /run/named && chown bind:bind /run/named
named -u bind
for try in 1 2 3 4 5 6 7 8 9 10; do rndc status >/tmp/rndc 2>&1 && break; sleep 1; done
grep '^server is up' /tmp/rndc
rndc stop`,
  },
  postgresql: {
    packages: ['postgresql'],
    script: `mkdir -p /run/postgresql && chown postgres:postgres /run/postgresql
pg_ctlcluster 15 main start
test "$(runuser -u postgres -- psql -Atc 'select 40 + 2')" = 42
pg_ctlcluster 15 main stop`,
  },
  mariadb: {
    packages: ['mariadb-server'],
    script: `mkdir -p /run/mysqld && chown mysql:mysql /run/mysqld
mariadbd --user=mysql >/tmp/mariadbd 2>&1 &
for try in $(seq 60); do mariadb-admin ping >/dev/null 2>&1 && break; sleep 1; done
test "$(mariadb -BNe 'select 40 + 2')" = 42
mariadb-admin shutdown
wait`,
  },
  postfix: {
    packages: ['postfix'],
    script: `postfix check
test "$(postalias -q postmaster /etc/aliases)" = root
postfix start >/tmp/postfix 2>&1
postfix status
postfix stop`,
  },
  'open-iscsi': {
    packages: ['open-iscsi'],
    script: `grep -E '^InitiatorName=iqn\\.1993-08\\.org\\.debian:01:[0-9a-f]+$' /etc/iscsi/initiatorname.iscsi
test "$(stat -c %a /etc/iscsi/initiatorname.iscsi)" = 600`,
  },
  nvme: {
    packages: ['nvme-cli'],
    script: `grep -E '^[0-9a-f]{8}-[0-9a-f-]{27}$' /etc/nvme/hostid
grep '^nqn\\.2014-08\\.org\\.nvmexpress:uuid:' /etc/nvme/hostnqn`,
  },
} as const satisfies Readonly<Record<string, FirstBootCheck>>

const unit = '/etc/systemd/system/aptroot-machine-secrets.service'

/** Runs what the unit would start, with words as systemd.service(5) splits them. */
const startUnit = `while (<>) {
  next unless s/^ExecStart=-?//;
  my @words;
  push @words, defined $1 ? $1 : $2 while /"((?:[^"\\\\]|\\\\.)*)"|(\\S+)/g;
  s/\\$\\$/\\$/g for @words;
  system(@words) == 0 or die "failed: @words\\n";
}`

/**
 * The words of a program that does in the root of an image what its first boot does, twice, since every boot does it, and then what is in
 * the checks. The last line says `first boot: good`.
 */
export function firstBootCommand(checks: readonly FirstBootCheck[]): readonly string[] {
  const script = `set -e
boot() { env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive perl -e "$1" ${unit} >/tmp/boot 2>&1 || { cat /tmp/boot; exit 1; }; }
sums() { find /etc /var/lib/mysql /var/lib/postgresql -type f 2>/dev/null | sort | xargs sha256sum; }
export PATH=/usr/sbin:/usr/bin
boot "$1"
sums >/tmp/before
boot "$1"
sums >/tmp/after
cmp /tmp/before /tmp/after
${checks.map(({ script }) => `(\nset -e\n${script}\n)`).join('\n')}
echo 'first boot: good'`
  return ['sh', '-c', script, 'sh', startUnit]
}
