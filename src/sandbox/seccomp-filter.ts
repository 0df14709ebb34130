/**
 * The system calls that the filter knows, by architecture of the kernel's tables.
 *
 * @see the `syscall` tables of Linux: arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h, arch/arm/tools
 */
interface SystemCalls {
  /** AUDIT_ARCH_… of linux/audit.h. */
  readonly audit: number
  /** Numbers from here on belong to the x32 table, which no Debian architecture of ours runs. */
  readonly x32From?: number
  /** fsync, fdatasync, sync, syncfs, sync_file_range, msync: succeed and do nothing. */
  readonly synchronising: readonly number[]
  /** add_key, request_key, keyctl, bpf, unshare, setns, mount, umount2, pivot_root and the newer mount calls. */
  readonly denied: readonly number[]
  readonly clone: number
  readonly ioctl: number
}

/** open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr: the same number everywhere. */
const newMountCalls = [428, 429, 430, 431, 432, 433, 442]
const clone3 = 435

const amd64: SystemCalls = {
  audit: 0xc000003e,
  x32From: 0x40000000,
  synchronising: [74, 75, 162, 306, 277, 26],
  denied: [248, 249, 250, 321, 272, 308, 165, 166, 155, ...newMountCalls],
  clone: 56,
  ioctl: 16,
}
const i386: SystemCalls = {
  audit: 0x40000003,
  synchronising: [118, 148, 36, 344, 314, 144],
  denied: [286, 287, 288, 357, 310, 346, 21, 22, 52, 217, ...newMountCalls],
  clone: 120,
  ioctl: 54,
}
const arm64: SystemCalls = {
  audit: 0xc00000b7,
  synchronising: [82, 83, 81, 267, 84, 227],
  denied: [217, 218, 219, 280, 97, 268, 40, 39, 41, ...newMountCalls],
  clone: 220,
  ioctl: 29,
}
const armhf: SystemCalls = {
  audit: 0x40000028,
  synchronising: [118, 148, 36, 373, 341, 144],
  denied: [309, 310, 311, 386, 337, 375, 21, 52, 218, ...newMountCalls],
  clone: 120,
  ioctl: 54,
}

/** By Node's name of the processor; a kernel for 64 bits runs programs for 32 too. */
const tablesByProcessor: Readonly<Record<string, readonly SystemCalls[]>> = {
  x64: [amd64, i386],
  arm64: [arm64, armhf],
}

/** TIOCSTI and TIOCLINUX: typing into the terminal that the sandbox shares with its user's shell. */
const terminalInputRequests = [0x5412, 0x541c]

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const namespaceFlags = 0x7e020000

const load = 0x20
const jumpIfEqual = 0x15
const jumpIfAtLeast = 0x35
const jumpIfAnyBit = 0x45
const give = 0x06

const allow = 0x7fff0000
const errorOf = (number: number) => 0x00050000 | number
const notPermitted = errorOf(1)
const notImplemented = errorOf(38)

/** Offsets in struct seccomp_data; the low half of the first argument comes first on the little-endian machines of the tables. */
const offsetOfNumber = 0
const offsetOfArchitecture = 4
const offsetOfFirstArgument = 16
const offsetOfSecondArgument = 24

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, operand: number]

/**
 * A filter for seccomp(2), as `bwrap --seccomp` reads it: synchronising to the disk succeeds at once (dpkg and its kin spend most of
 * their time there, and what they work on is a staging folder), and a script can neither mount, nor make namespaces, nor
 * reach keyrings or bpf, nor type into a terminal.
 *
 * @param processor Node's `process.arch`
 * @returns undefined for a processor whose system calls we have no table of
 */
export function seccompFilter(processor: string): Uint8Array | undefined {
  const tables = tablesByProcessor[processor]
  if (tables === undefined) return undefined
  const program: Instruction[] = [[load, 0, 0, offsetOfArchitecture]]
  for (const table of tables) {
    const section = sectionOf(table)
    program.push([jumpIfEqual, 0, section.length, table.audit], ...section)
  }
  program.push([give, 0, 0, notPermitted])
  const bytes = Buffer.alloc(program.length * 8)
  program.forEach(([code, jumpTrue, jumpFalse, operand], at) => {
    bytes.writeUInt16LE(code, at * 8)
    bytes.writeUInt8(jumpTrue, at * 8 + 2)
    bytes.writeUInt8(jumpFalse, at * 8 + 3)
    bytes.writeUInt32LE(operand, at * 8 + 4)
  })
  return bytes
}

function sectionOf(table: SystemCalls): readonly Instruction[] {
  const when = (number: number, answer: number): readonly Instruction[] => [
    [jumpIfEqual, 0, 1, number],
    [give, 0, 0, answer],
  ]
  return [
    [load, 0, 0, offsetOfNumber],
    ...(table.x32From === undefined
      ? []
      : ([
          [jumpIfAtLeast, 0, 1, table.x32From],
          [give, 0, 0, notImplemented],
        ] satisfies Instruction[])),
    ...table.synchronising.flatMap(number => when(number, errorOf(0))),
    ...table.denied.flatMap(number => when(number, notPermitted)),
    // Its flags lie in memory, where a filter cannot look; the C library falls back to clone.
    ...when(clone3, notImplemented),
    [jumpIfEqual, 0, 4, table.clone],
    [load, 0, 0, offsetOfFirstArgument],
    [jumpIfAnyBit, 0, 1, namespaceFlags],
    [give, 0, 0, notPermitted],
    [give, 0, 0, allow],
    [jumpIfEqual, 1, 0, table.ioctl],
    [give, 0, 0, allow],
    [load, 0, 0, offsetOfSecondArgument],
    ...terminalInputRequests.flatMap(request => when(request, notPermitted)),
    [give, 0, 0, allow],
  ]
}
