import type { UnpackedDeb } from '../dpkg/index.ts'

/** What runs while a root is made; prerm and postrm run later, on a machine. */
const scriptNames = ['preinst', 'config', 'postinst', 'triggers']

/** They look into /proc for services under way, and leave the same without it: the test of `--sandbox chroot` compares. */
const unmoved: ReadonlySet<string> = new Set(['libc6', 'udev'])

/**
 * The packages whose scripts ask for `/proc`, which a chroot does not have: they may fail there, or leave something else. What programs ask for
 * that they call, no script says.
 *
 * @returns names in the order of the debs
 */
export function procReaders(debs: readonly Pick<UnpackedDeb, 'name' | 'controlFiles'>[]): readonly string[] {
  return debs
    .filter(({ name, controlFiles }) => !unmoved.has(name) && controlFiles.some(asksForProc))
    .map(({ name }) => name)
}

function asksForProc({ name, bytes }: UnpackedDeb['controlFiles'][number]): boolean {
  if (!scriptNames.includes(name)) return false
  const lines = Buffer.from(bytes).toString('latin1').split('\n')
  return lines.some(line => !/^\s*#/.test(line) && /(?<![\w.}])\/proc(?![\w-])/.test(line))
}
