import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const aptroot = join(dirname(fileURLToPath(import.meta.url)), '../../bin/aptroot.js')

export interface OrdinaryUserRun {
  /** Becomes the user's; its parents are open to others. */
  readonly place: string
  /** The working folder. */
  readonly folder: string
  /** `PATH`: where the program finds others; Debian's folders unless it is given. */
  readonly environment: Readonly<Record<string, string>>
}

/** Runs the built program as nobody with subordinate ids; this process is root. Rejects unless it ends with 0. */
export async function runAsNobody(commandLine: readonly string[], { place, folder, environment }: OrdinaryUserRun) {
  await mkdir(join(place, 'tmp'), { recursive: true })
  await run('chown', ['-R', 'nobody:nogroup', place])
  // Subordinate ids for the time of one process, in a copy of /etc that only this process sees: /etc itself stays as it is.
  const script = `set -e
    mount -t tmpfs aptroot-test /mnt
    cp -a /etc /mnt/etc
    for name in subuid subgid; do echo nobody:200000:65536 > /mnt/etc/$name; done
    mount --bind /mnt/etc /etc
    path=$1; shift
    exec setpriv --reuid=nobody --regid=nogroup --clear-groups env "PATH=$path" "$@"`
  const path = environment.PATH ?? `${dirname(process.execPath)}:/usr/bin:/bin`
  const program = [process.execPath, aptroot, ...commandLine]
  return await run('unshare', ['--mount', 'sh', '-c', script, 'sh', path, ...program], {
    cwd: folder,
    env: { HOME: place, TMPDIR: join(place, 'tmp'), ...environment, PATH: '/usr/bin:/bin' },
  })
}
