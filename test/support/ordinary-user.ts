import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
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
  readonly environment: Readonly<Record<string, string>>
}

/** Runs the built program as nobody with subordinate ids; this process is root. Rejects unless it ends with 0. */
export async function runAsNobody(commandLine: readonly string[], { place, folder, environment }: OrdinaryUserRun) {
  const ids = join(place, 'ids')
  await mkdir(join(place, 'tmp'), { recursive: true })
  await writeFile(ids, 'nobody:200000:65536\n')
  await run('chown', ['-R', 'nobody:nogroup', place])
  // Subordinate ids for the time of one process: /etc itself stays as it is.
  const script = `for name in subuid subgid; do touch /etc/$name; mount --bind '${ids}' /etc/$name || exit 99; done
    exec setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"`
  return await run('unshare', ['--mount', 'sh', '-c', script, 'sh', process.execPath, aptroot, ...commandLine], {
    cwd: folder,
    env: {
      HOME: place,
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      TMPDIR: join(place, 'tmp'),
      ...environment,
    },
  })
}
