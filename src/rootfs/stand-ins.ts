import type { SandboxBackEnd } from '../sandbox/index.ts'
import { tmpfilesProgram } from './tmpfiles-program.ts'

/** What programs find in the place of another while scripts run; in the image is what packages bring there. */
export interface StandIn {
  readonly path: string
  readonly text: string
  /** `over a file`: scripts look whether the program is there, so it is put only where a package brought it. */
  readonly placed: 'always' | 'over a file'
}

/** What keeps services from being started. */
const usual: readonly StandIn[] = [
  // invoke-rc.d asks it: 101 is "not allowed".
  { path: 'usr/sbin/policy-rc.d', text: '#!/bin/sh\nexit 101\n', placed: 'always' },
  { path: 'sbin/start-stop-daemon', text: '#!/bin/sh\nexit 0\n', placed: 'always' },
]

const withoutProc: readonly StandIn[] = ['usr/bin/systemd-tmpfiles', 'bin/systemd-tmpfiles'].map(path => ({
  path,
  text: tmpfilesProgram,
  placed: 'over a file',
}))

export function standInsFor(backEnd: SandboxBackEnd): readonly StandIn[] {
  return backEnd === 'chroot' ? [...usual, ...withoutProc] : usual
}
