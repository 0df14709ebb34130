import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import postgres from 'postgres'
import { endChild } from './end-child.ts'
import { freePort } from './free-port.ts'

/** A PostgreSQL of its own in a scratch folder, on a port of the loopback device. */
export interface PostgresServer {
  /** Of a new, empty database. */
  database(name: string): Promise<string>
  /** As after a crash of the machine: all its processes end at once. */
  crash(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

const versionsFolder = '/usr/lib/postgresql'

function programsFolder(): string | undefined {
  if (!existsSync(versionsFolder)) return undefined
  const newest = readdirSync(versionsFolder).sort((left, right) => Number(right) - Number(left))[0]
  return newest === undefined ? undefined : join(versionsFolder, newest, 'bin')
}

/** Why no PostgreSQL can be started here; undefined when one can. */
export function whyNoPostgres(): string | undefined {
  return programsFolder() === undefined ? 'postgresql is not installed (apt-get install postgresql)' : undefined
}

/** PostgreSQL refuses to run as root: then as its own user. */
function itsUser(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const idOf = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

export async function startPostgres(): Promise<PostgresServer> {
  const programs = programsFolder()
  if (programs === undefined) throw new Error(whyNoPostgres())
  const folder = await mkdtemp(join(tmpdir(), 'aptroot-postgres-'))
  const user = itsUser()
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const place = { ...user, cwd: folder, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' } }
  execFileSync(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '-N'], {
    ...place,
    stdio: 'ignore',
  })
  const port = await freePort()
  const url = (name: string) => `postgres://postgres@127.0.0.1:${port}/${name}`
  let running: ReturnType<typeof spawn> | undefined
  const start = async () => {
    const child = spawn(join(programs, 'postgres'), ['-D', data, '-p', String(port), '-k', folder], {
      ...place,
      stdio: 'ignore',
    })
    running = child
    for (;;) {
      if (child.exitCode !== null) throw new Error('PostgreSQL did not start')
      if (await answers(url('postgres'))) return
      await setTimeout(50)
    }
  }
  await start()
  return {
    start,
    // SIGQUIT: without a checkpoint, so that the next start recovers from the log.
    crash: () => endChild(running, 'SIGQUIT'),
    async database(name) {
      const sql = postgres(url('postgres'), { max: 1 })
      await sql`CREATE DATABASE ${sql(name)}`
      await sql.end()
      return url(name)
    },
    async close() {
      await endChild(running, 'SIGINT')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => undefined })
  try {
    await sql`SELECT 1`
    return true
  } catch {
    return false
  } finally {
    await sql.end({ timeout: 1 })
  }
}
