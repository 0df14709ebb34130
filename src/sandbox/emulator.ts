import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, type ProcessRunner } from '../kernel/index.ts'

/** How programs of an architecture look to the kernel, and who runs them elsewhere. */
interface ForeignMachine {
  /** As in `qemu-NAME-static`. */
  readonly qemuName: string
  readonly wordBits: 32 | 64
  readonly byteOrder: 'little' | 'big'
  /** e_machine. @see elf(5), elf.h */
  readonly elfMachine: number
}

/** By Debian's name. */
const machines: Readonly<Record<string, ForeignMachine>> = {
  amd64: { qemuName: 'x86_64', wordBits: 64, byteOrder: 'little', elfMachine: 62 },
  arm64: { qemuName: 'aarch64', wordBits: 64, byteOrder: 'little', elfMachine: 183 },
  armel: { qemuName: 'arm', wordBits: 32, byteOrder: 'little', elfMachine: 40 },
  armhf: { qemuName: 'arm', wordBits: 32, byteOrder: 'little', elfMachine: 40 },
  i386: { qemuName: 'i386', wordBits: 32, byteOrder: 'little', elfMachine: 3 },
  loong64: { qemuName: 'loongarch64', wordBits: 64, byteOrder: 'little', elfMachine: 258 },
  mips64el: { qemuName: 'mips64el', wordBits: 64, byteOrder: 'little', elfMachine: 8 },
  mipsel: { qemuName: 'mipsel', wordBits: 32, byteOrder: 'little', elfMachine: 8 },
  ppc64el: { qemuName: 'ppc64le', wordBits: 64, byteOrder: 'little', elfMachine: 21 },
  riscv64: { qemuName: 'riscv64', wordBits: 64, byteOrder: 'little', elfMachine: 243 },
  s390x: { qemuName: 's390x', wordBits: 64, byteOrder: 'big', elfMachine: 22 },
}

/** What each processor runs by itself, by Node's `process.arch`. */
const runByProcessor: Readonly<Record<string, readonly string[]>> = {
  arm: ['armhf', 'armel'],
  arm64: ['arm64', 'armhf', 'armel'],
  ia32: ['i386'],
  loong64: ['loong64'],
  mipsel: ['mipsel'],
  ppc64: ['ppc64el'],
  riscv64: ['riscv64'],
  s390x: ['s390x'],
  x64: ['amd64', 'i386'],
}

/** How programs of an architecture are run on this host. */
export type Emulation =
  /** By the kernel: its processor runs them, or the host has an emulator registered that works in any root. */
  | { readonly kind: 'kernel' }
  /** By an emulator that has to be registered first, in a user namespace of its own. */
  | { readonly kind: 'private'; readonly emulator: Emulator }

/** Plain data, so that it can be told to another process. */
export interface Emulator {
  /** Absolute, of the host. */
  readonly program: string
  /** What the kernel's `register` file is given. */
  readonly registration: string
  /** The `mount` of util-linux: Node cannot mount. */
  readonly mountProgram: string
}

export interface EmulationRequest {
  /** Debian's name. */
  readonly architecture: string
  /** Node's `process.arch`. */
  readonly processor: string
  readonly runner: ProcessRunner
  /** Where the host shows its binfmt_misc; tests give another. */
  readonly registryFolder?: string
}

const hostRegistry = '/proc/sys/fs/binfmt_misc'

/**
 * Looks for what runs programs of an architecture here. Changes nothing.
 *
 * @throws {Fault} `SANDBOX_UNAVAILABLE` when there is none, with the package that brings it
 */
export async function findEmulation(request: EmulationRequest): Promise<Emulation> {
  const { architecture, processor, runner } = request
  if ((runByProcessor[processor] ?? []).includes(architecture)) return { kind: 'kernel' }
  const machine = machines[architecture]
  if (machine === undefined)
    throw unavailable(architecture, 'there is no emulator for it', 'Build it on a machine of that architecture')
  if (isRegistered(machine, request.registryFolder ?? hostRegistry)) return { kind: 'kernel' }
  const names = [`qemu-${machine.qemuName}-static`, `qemu-${machine.qemuName}`]
  const found = await Promise.all([...names, 'mount'].map(runner.find))
  const [statically, dynamically, mountProgram] = found
  // Debian 13 has the static programs under the short name; a dynamic one would look for its libraries in the foreign root.
  const program = statically ?? (dynamically !== undefined && isStatic(dynamically) ? dynamically : undefined)
  if (program === undefined)
    throw unavailable(architecture, `${names[0]} is not installed`, 'Install the package qemu-user-static')
  if (mountProgram === undefined)
    throw unavailable(architecture, 'there is no program mount', 'Install the package mount')
  return { kind: 'private', emulator: { program, mountProgram, registration: registrationOf(machine, program) } }
}

/** What a processor needs an emulator for, and its program. */
export function emulatorNames(
  processor: string,
): readonly { readonly architecture: string; readonly program: string }[] {
  return foreignTo(processor).map(([architecture, { qemuName }]) => ({
    architecture,
    program: `qemu-${qemuName}-static`,
  }))
}

/** The architectures for which the host has an emulator registered that works in any root. */
export function registeredArchitectures(processor: string, registryFolder: string): readonly string[] {
  return foreignTo(processor).flatMap(([name, machine]) => (isRegistered(machine, registryFolder) ? [name] : []))
}

function foreignTo(processor: string): readonly (readonly [string, ForeignMachine])[] {
  return Object.entries(machines).filter(([name]) => !(runByProcessor[processor] ?? []).includes(name))
}

/**
 * The line for binfmt_misc: header bytes of an ELF program or shared object of the machine, and the flags P (the name it was called
 * by), O and C (of its own owner and mode, so that setuid holds) and F (the emulator is opened now: a root need not contain it).
 *
 * @see https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
function registrationOf(machine: ForeignMachine, program: string): string {
  const escaped = (bytes: readonly number[]) => bytes.map(each => `\\x${each.toString(16).padStart(2, '0')}`).join('')
  const { magic, mask } = headerOf(machine)
  return `:aptroot-${machine.qemuName}:M::${escaped(magic)}:${escaped(mask)}:${program}:POCF`
}

/** e_ident, e_type (ET_EXEC or ET_DYN) and e_machine; the ABI of the system, byte 7, may be any. */
function headerOf(machine: ForeignMachine): { readonly magic: readonly number[]; readonly mask: readonly number[] } {
  const half = (value: number) => {
    const bytes = [value & 0xff, value >> 8]
    return machine.byteOrder === 'little' ? bytes : bytes.reverse()
  }
  const ident = [0x7f, 0x45, 0x4c, 0x46, machine.wordBits === 64 ? 2 : 1, machine.byteOrder === 'little' ? 1 : 2, 1]
  return {
    magic: [...ident, ...Array<number>(9).fill(0), ...half(2), ...half(machine.elfMachine)],
    mask: [...Array<number>(7).fill(0xff), 0, ...Array<number>(8).fill(0xff), ...half(0xfffe), 0xff, 0xff],
  }
}

/** Only an emulator that is already open (flag F) is of use in a root that does not contain it. */
function isRegistered(machine: ForeignMachine, folder: string): boolean {
  const { magic } = headerOf(machine)
  const wanted = Buffer.from(magic).toString('hex')
  try {
    return readdirSync(folder)
      .filter(name => name !== 'register' && name !== 'status')
      .map(name => readFileSync(join(folder, name), 'utf8').split('\n'))
      .some(
        lines =>
          lines[0] === 'enabled' && lines.includes(`magic ${wanted}`) && lines.some(line => /^flags: .*F/.test(line)),
      )
  } catch {
    return false
  }
}

/** Whether an ELF program of this machine asks for no loader (PT_INTERP), by its program headers. */
function isStatic(path: string): boolean {
  const interpreter = 3
  const bytes = firstBytes(path, 4096)
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) return false
  const first = Number(bytes.readBigUInt64LE(32))
  const size = bytes.readUInt16LE(54)
  const count = bytes.readUInt16LE(56)
  if (first + size * count > bytes.length) return false
  return Array.from({ length: count }, (_, at) => bytes.readUInt32LE(first + at * size)).every(
    type => type !== interpreter,
  )
}

function firstBytes(path: string, count: number): Buffer {
  const descriptor = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(count)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, count, 0))
  } finally {
    closeSync(descriptor)
  }
}

function unavailable(architecture: string, problem: string, remedy: string): Fault {
  return new Fault('SANDBOX_UNAVAILABLE', {
    message: `maintainer scripts of ${architecture} cannot be run on this machine: ${problem}`,
    hint: `${remedy}, or set \`image: {configure: none}\` for packages that need no scripts.`,
    context: { architecture, problems: [problem] },
  })
}
