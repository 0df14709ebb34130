import { file, folder, symlink, treeOf } from './trees.ts'

/** What ostree wants of a system that boots: a kernel, its modules and /etc; the files are stand-ins. */
export const deviceTree = treeOf({
  boot: folder(),
  'boot/initrd.img-6.1.0-1-amd64': file('initramfs'),
  'boot/vmlinuz-6.1.0-1-amd64': file('kernel'),
  etc: folder(),
  'etc/hostname': file('device\n', { userId: 7, groupId: 8, mode: 0o640 }),
  'etc/os-release': symlink('../usr/lib/os-release'),
  usr: folder(),
  'usr/bin': folder(),
  'usr/bin/su': file('su', { mode: 0o4755, inode: 1 }),
  'usr/bin/su2': file('su', { mode: 0o4755, inode: 1 }),
  'usr/lib': folder(),
  'usr/lib/modules': folder(),
  'usr/lib/modules/6.1.0-1-amd64': folder(),
  'usr/lib/modules/6.1.0-1-amd64/modules.dep': file('no modules\n'),
  'usr/lib/os-release': file('ID=debian\nNAME="Debian"\nPRETTY_NAME="Debian 12"\n'),
  var: folder(),
})
