/** In the order of their numbers, from 0. @see capabilities(7), linux/capability.h */
const names = [
  ...['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap'],
  ...['linux_immutable', 'net_bind_service', 'net_broadcast', 'net_admin', 'net_raw', 'ipc_lock', 'ipc_owner'],
  ...['sys_module', 'sys_rawio', 'sys_chroot', 'sys_ptrace', 'sys_pacct', 'sys_admin', 'sys_boot', 'sys_nice'],
  ...['sys_resource', 'sys_time', 'sys_tty_config', 'mknod', 'lease', 'audit_write', 'audit_control', 'setfcap'],
  ...['mac_override', 'mac_admin', 'syslog', 'wake_alarm', 'block_suspend', 'audit_read', 'perfmon', 'bpf'],
  ...['checkpoint_restore'],
]

/**
 * The value of `security.capability` for the text that getcap(8) prints, such as `cap_net_raw=ep` or `cap_chown,cap_kill+eip`; revision 2
 * of the format, which every kernel reads since 2.6.25.
 *
 * @returns undefined for text that getcap does not print
 */
export function fileCapability(text: string): Uint8Array | undefined {
  const [, list = '', flags = ''] = /^((?:cap_[a-z_]+)(?:,cap_[a-z_]+)*)[=+]([eip]+)$/.exec(text) ?? []
  let bits = 0n
  for (const name of list.split(',')) {
    const number = names.indexOf(name.replace(/^cap_/, ''))
    if (number === -1) return undefined
    bits |= 1n << BigInt(number)
  }
  const low = Number(bits & 0xffffffffn)
  const high = Number(bits >> 32n)
  const bytes = Buffer.alloc(20)
  bytes.writeUInt32LE(0x02000000 | (flags.includes('e') ? 1 : 0), 0)
  const permitted = flags.includes('p')
  const inheritable = flags.includes('i')
  bytes.writeUInt32LE(permitted ? low : 0, 4)
  bytes.writeUInt32LE(inheritable ? low : 0, 8)
  bytes.writeUInt32LE(permitted ? high : 0, 12)
  bytes.writeUInt32LE(inheritable ? high : 0, 16)
  return bytes
}

/** The lines of `getcap -r /`, a byte string: by path, as a tree names it, the attribute. */
export function readFileCapabilities(output: string): ReadonlyMap<string, ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, ReadonlyMap<string, Uint8Array>>()
  for (const line of output.split('\n')) {
    const [, path, text] = /^\/(.+) (cap_\S+)$/.exec(line) ?? []
    const value = text === undefined ? undefined : fileCapability(text)
    if (path !== undefined && value !== undefined) found.set(path, new Map([['security.capability', value]]))
  }
  return found
}
