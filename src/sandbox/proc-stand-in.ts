import { chmodSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyFolder, isFolder } from './remove-tree.ts'

/**
 * What a chroot has in the place of `/proc`, which cannot be mounted there: what scripts read of the machine, the same everywhere, and what
 * says that `/proc` is mounted (openjdk's postinst asks mountpoint(1), postfix' looks for both protocols). Nothing of processes: what opens
 * `/proc/self/fd` or `/proc/self/exe` has to see that it is not there.
 */
const files: Readonly<Record<string, string>> = {
  cpuinfo: 'processor\t: 0\n\n',
  filesystems: 'nodev\tproc\nnodev\ttmpfs\n\text4\n',
  meminfo: 'MemTotal:        2097152 kB\nMemFree:         1048576 kB\nMemAvailable:    1048576 kB\n',
  'self/mountinfo': '1 1 0:1 / / rw - ext4 root rw\n2 1 0:2 / /proc rw - proc proc rw\n',
  'self/mounts': 'root / ext4 rw 0 0\nproc /proc proc rw 0 0\n',
  version: 'Linux version 6.1.0\n',
}
const folders = ['self', 'sys', 'sys/net', 'sys/net/ipv4', 'sys/net/ipv6']

/** Makes `/proc` anew. Nothing runs in the root now; where a script put a link in its place, it stays as it is. */
export function putProc(rootFolder: string): void {
  const proc = join(rootFolder, 'proc')
  if (!emptyFolder(proc)) return
  // The same modes whatever umask the caller has.
  for (const name of folders) {
    mkdirSync(join(proc, name))
    chmodSync(join(proc, name), 0o755)
  }
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(proc, name), text, { flag: 'wx' })
    chmodSync(join(proc, name), 0o444)
  }
  symlinkSync('self/mounts', join(proc, 'mounts'))
}

/**
 * For programs of Java, which find their libraries beside themselves: the dynamic linker reads `/proc/self/exe` for that, and without it this
 * variable. Of several versions the one with the highest number, which is the one that `java` names.
 *
 * @see LD_ORIGIN_PATH of ld.so(8)
 */
export function javaEnvironment(rootFolder: string): Readonly<Record<string, string>> {
  const home = join(rootFolder, 'usr/lib/jvm')
  if (![join(rootFolder, 'usr'), join(rootFolder, 'usr/lib'), home].every(isFolder)) return {}
  const versions = readdirSync(home).flatMap(name => {
    const version = /^java-(\d+)-openjdk-[a-z0-9]+$/.exec(name)?.[1]
    return version !== undefined && isProgram(join(home, name, 'bin/java')) ? [{ name, version: Number(version) }] : []
  })
  const latest = versions.sort((left, right) => right.version - left.version)[0]
  return latest === undefined ? {} : { LD_ORIGIN_PATH: `/usr/lib/jvm/${latest.name}/bin` }
}

function isProgram(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true
}
