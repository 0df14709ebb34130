import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { seccompFilter } from '../../src/sandbox/seccomp-filter.ts'

const allowed = 0x7fff0000
const notPermitted = 0x00050001
const done = 0x00050000
const notImplemented = 0x00050026

const x86 = { amd64: 0xc000003e, i386: 0x40000003 }

/** Runs classic BPF as the kernel does, for the five instructions that the filter is made of. */
function judge(
  filter: Uint8Array,
  call: { architecture: number; number: number; firstArgument?: number; secondArgument?: number },
): number {
  const program = Buffer.from(filter)
  const data: Readonly<Record<number, number>> = {
    0: call.number,
    4: call.architecture,
    16: call.firstArgument ?? 0,
    24: call.secondArgument ?? 0,
  }
  let accumulator = 0
  for (let at = 0; at * 8 < program.length; at++) {
    const code = program.readUInt16LE(at * 8)
    const operand = program.readUInt32LE(at * 8 + 4)
    const jump = (condition: boolean) => program.readUInt8(at * 8 + (condition ? 2 : 3))
    if (code === 0x20) accumulator = data[operand] ?? Number.NaN
    else if (code === 0x15) at += jump(accumulator === operand)
    else if (code === 0x35) at += jump(accumulator >= operand)
    else if (code === 0x45) at += jump((accumulator & operand) !== 0)
    else if (code === 0x06) return operand
    else assert.fail(`instruction ${code} at ${at}`)
  }
  return assert.fail('the program ends without an answer')
}

const rows = [
  ['amd64', 1, 0, allowed, 'write is a matter of course'],
  ['amd64', 74, 0, done, 'fsync succeeds without reaching the disk'],
  ['amd64', 162, 0, done, 'sync too'],
  ['amd64', 165, 0, notPermitted, 'mount is forbidden'],
  ['amd64', 428, 0, notPermitted, 'open_tree, the new way to mount, too'],
  ['amd64', 272, 0, notPermitted, 'unshare would make namespaces'],
  ['amd64', 250, 0, notPermitted, 'keyctl reaches the keys of the user'],
  ['amd64', 321, 0, notPermitted, 'bpf reaches into the kernel'],
  ['amd64', 56, 0x11, allowed, 'clone with SIGCHLD is fork'],
  ['amd64', 56, 0x10000011, notPermitted, 'clone with CLONE_NEWUSER makes a namespace'],
  ['amd64', 435, 0, notImplemented, 'clone3 hides its flags, so the C library is sent back to clone'],
  ['amd64', 0x40000001, 0, notImplemented, 'the x32 table would be a way around the numbers'],
  ['i386', 118, 0, done, 'fsync of a 32-bit program succeeds too'],
  ['i386', 21, 0, notPermitted, 'mount of a 32-bit program is forbidden too'],
  ['i386', 26, 0, allowed, 'what is msync for 64 bits is ptrace here, and means nothing to the filter'],
] as const

describe('the filter for system calls on x86', () => {
  const filter = seccompFilter('x64')
  assert.ok(filter !== undefined)
  for (const [architecture, number, firstArgument, verdict, why] of rows)
    test(`${architecture} ${number}: ${why}`, () => {
      assert.equal(judge(filter, { architecture: x86[architecture], number, firstArgument }), verdict)
    })

  test('a program cannot type into the terminal that it shares, and may ask for all else', () => {
    const verdicts = [0x5412, 0x541c, 0x5401].map(secondArgument =>
      judge(filter, { architecture: x86.amd64, number: 16, secondArgument }),
    )
    assert.deepEqual(verdicts, [notPermitted, notPermitted, allowed])
  })

  test('nothing is allowed to a program of an unknown table', () => {
    assert.equal(judge(filter, { architecture: 0xc00000b7, number: 64 }), notPermitted)
  })
})

test('fsync of arm64 and armhf succeeds without reaching the disk', () => {
  const filter = seccompFilter('arm64')
  assert.ok(filter !== undefined)
  assert.equal(judge(filter, { architecture: 0xc00000b7, number: 82 }), done)
  assert.equal(judge(filter, { architecture: 0x40000028, number: 118 }), done)
})

test('there is no filter for a processor whose numbers are not known', () => {
  assert.equal(seccompFilter('riscv64'), undefined)
})
