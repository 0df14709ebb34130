import type { UnpackedDeb } from '../dpkg/index.ts'

/** What runs while a root is made; prerm and postrm run later, on a machine. */
const scriptNames = ['preinst', 'config', 'postinst', 'triggers']

/**
 * They look into /proc for services under way, or for what the stand-in of a chroot has, and leave the same there: the test of `--sandbox chroot` and the
 * soak of determinism compare.
 */
const unmoved: ReadonlySet<string> = new Set(['libc6', 'postfix', 'udev'])

/** Emacs sets the mode of what it compiled by `/proc/self/fd` (fchmodat of glibc before 2.39), and its postinst fails where that is not. */
const programsThatNeedProc = /^emacs-(gtk|lucid|nox|pgtk)$/

/**
 * The packages whose scripts ask for `/proc`, of which a chroot has a stand-in: they may fail there, or leave something else. What programs ask for
 * that they call, no script says; those that are known to fail are named too.
 *
 * @returns names in the order of the debs
 */
export function procReaders(debs: readonly Pick<UnpackedDeb, 'name' | 'controlFiles'>[]): readonly string[] {
  return debs
    .filter(
      ({ name, controlFiles }) =>
        programsThatNeedProc.test(name) || (!unmoved.has(name) && controlFiles.some(asksForProc)),
    )
    .map(({ name }) => name)
}

/** gacutil is a program of mono, which starts only where it can read the bounds of its stack in `/proc/self/maps` (pthread_getattr_np(3)). */
const callsGacutil = /^\s*\/usr\/share\/cli-common\/(policy|gac-package)-install\b/

function asksForProc({ name, bytes }: UnpackedDeb['controlFiles'][number]): boolean {
  if (!scriptNames.includes(name)) return false
  const lines = Buffer.from(bytes).toString('latin1').split('\n')
  // Whether it is mounted, the stand-in answers; what a message says in brackets is no question.
  const asked = lines.map(line => line.replace(/\bmountpoint( -q)? \/proc(?![\w/-])|\(\/proc\)/g, ''))
  if (lines.some(line => callsGacutil.test(line))) return true
  return asked.some(line => !/^\s*#/.test(line) && /(?<![\w.}])\/proc(?![\w-])/.test(line))
}
