import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'vitest'
import { standInsFor } from '../../src/rootfs/stand-ins.ts'
import type { SandboxBackEnd } from '../../src/sandbox/index.ts'

const postinstOfLibrary = { DPKG_MAINTSCRIPT_PACKAGE: 'libc6', DPKG_MAINTSCRIPT_NAME: 'postinst' }

/** Seen with debianutils 5.7, in bubblewrap and in a chroot without /proc. */
const cases: readonly (readonly [
  why: string,
  backEnd: SandboxBackEnd,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  status: number,
])[] = [
  ['the postinst of libc6 need not wait for init', 'bubblewrap', [], postinstOfLibrary, 0],
  ['nor in a chroot', 'chroot', [], postinstOfLibrary, 0],
  ['namespaces are no chroot', 'bubblewrap', [], {}, 1],
  ['whatever is to be assumed', 'bubblewrap', ['-t'], {}, 1],
  ['nor for another script of libc6', 'bubblewrap', [], { ...postinstOfLibrary, DPKG_MAINTSCRIPT_NAME: 'preinst' }, 1],
  ['nor for another package', 'bubblewrap', [], { ...postinstOfLibrary, DPKG_MAINTSCRIPT_PACKAGE: 'libc6-dev' }, 1],
  ['without /proc nobody knows', 'chroot', [], {}, 2],
  ['then what is to be assumed', 'chroot', ['--default-true'], {}, 0],
  ['or its contrary', 'chroot', ['-f'], {}, 1],
]

describe('the ischroot that scripts find', () => {
  test.each(cases)('%s', (_, backEnd, words, environment, status) => {
    const standIn = standInsFor(backEnd).find(({ path }) => path === 'usr/bin/ischroot')
    assert.equal(standIn?.placed, 'over a file')
    const { status: found } = spawnSync('/bin/sh', ['-c', standIn.text, 'ischroot', ...words], { env: environment })
    assert.equal(found, status)
  })
})
