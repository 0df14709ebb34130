import assert from 'node:assert/strict'
import { test } from 'vitest'
import { procReaders } from '../../src/rootfs/proc-readers.ts'

const script = (name: string, control: string, line: string) => ({
  name,
  controlFiles: [{ name: control, bytes: Buffer.from(`#!/bin/sh\n${line}\n`), mode: 0o755, modifiedSeconds: 0 }],
})

test('packages whose scripts ask for more of /proc than a chroot has are known, and those that only seem to are not', () => {
  const debs = [
    script(
      'openjdk-17-jre-headless',
      'postinst',
      'if ! mountpoint -q /proc; then echo it wants a mounted proc fs (/proc).; fi',
    ),
    script('hardware', 'config', 'grep -q hypervisor </proc/cpuinfo'),
    script('procps', 'postinst', 'test -x /etc/init.d/procps; /proctor; /usr/share/proc/x'),
    script('commented', 'postinst', '  # /proc/self is nice'),
    script('leaving', 'prerm', 'cat /proc/mounts'),
    script('libnunit', 'postinst', '  /usr/share/cli-common/policy-install nunit.core 2.6'),
    script('libnewtonsoft', 'postinst', '  /usr/share/cli-common/gac-package-install libnewtonsoft'),
    script('emacs-nox', 'postinst', 'emacs --batch'),
    script('libc6', 'preinst', 'grep -q xlockmore /proc/*/cmdline'),
  ]
  assert.deepEqual(procReaders(debs), ['hardware', 'libnunit', 'libnewtonsoft', 'emacs-nox'])
})
