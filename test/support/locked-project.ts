import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { type ProgramResult, runAptroot } from './aptroot-program.ts'
import { type ArchivedPackage, buildArchive } from './archive-builder.ts'
import { scratchFolder } from './scratch.ts'
import { makeTestKey } from './signing.ts'

/** Two debs that lock and build without any other: one needs the other. */
export const greetingPackages: readonly ArchivedPackage[] = [
  {
    control: { Package: 'hello', Depends: 'greeting (>= 1)', Version: '1:1.0-1' },
    files: [{ kind: 'file', path: '/usr/bin/hello', content: 'hello\n', mode: 0o755 }],
  },
  {
    control: { Package: 'greeting', Architecture: 'all', Version: '1.0' },
    files: [{ kind: 'file', path: '/usr/share/greeting', content: 'Good day\n' }],
  },
]

/** A project of the archive `test`, in a folder of its own, with the program to run in it. */
export interface LockedProject {
  readonly folder: string
  /** Variables that every run gets; each run has a store of its own unless they name one. */
  run(line: string, environment?: Readonly<Record<string, string>>): Promise<ProgramResult>
  /** As `run`, and the test fails unless it succeeds. */
  succeed(line: string, environment?: Readonly<Record<string, string>>): Promise<ProgramResult>
  /** The same project, freshly cloned: no store, no outputs. */
  clone(): Promise<LockedProject>
  write(name: string, content: string | Uint8Array): Promise<void>
  read(name: string): Promise<Buffer>
  /** sha256 of `out/rootfs.tar`. */
  digest(): Promise<string>
}

/** A manifest of `greetingPackages`, whose archive lies at `uri`. @param more lines before `image:` */
export function greetingManifest(uri: string, more = ''): string {
  return `manifest: 1
architectures: [amd64]
archives:
  - {id: test, uri: "${uri}", suites: [stable], components: [main], signed-by: keys/test.asc}
base: none
packages: [hello]
${more}image:
  configure: none
  merged-usr: false
  outputs:
    - {format: tar, path: out/rootfs.tar}
`
}

/** A project of `greetingPackages`, whose archive lies in its folder. */
export async function projectWithArchive(): Promise<LockedProject> {
  const key = await makeTestKey({ name: 'Archive' })
  const date = new Date('2026-01-15T10:00:00Z')
  const suite = { suite: 'stable', codename: 'trusty', date, label: 'Test', architectures: ['amd64'] }
  const files = await buildArchive([{ ...suite, packages: greetingPackages, keys: [key] }])
  const project = await lockedProject('file:///nowhere', key)
  for (const [path, bytes] of Object.entries(files)) await project.write(`archive/${path}`, bytes)
  await project.write('aptroot.yaml', greetingManifest(`file://${project.folder}/archive`))
  return project
}

export async function lockedProject(uri: string, key: PrivateKey, more = ''): Promise<LockedProject> {
  const project = projectIn(join(await scratchFolder(), 'project'))
  await project.write('keys/test.asc', key.toPublic().armor())
  await project.write('aptroot.yaml', greetingManifest(uri, more))
  return project
}

function projectIn(folder: string): LockedProject {
  const run = (line: string, environment: Readonly<Record<string, string>> = {}) =>
    runAptroot(line.split(' '), {
      folder,
      environment: { APTROOT_STORE: join(folder, '../store'), APTROOT_LAUNCHPAD: 'none', ...environment },
    })
  const write = async (name: string, content: string | Uint8Array) => {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return {
    folder,
    run,
    write,
    read: name => readFile(join(folder, name)),
    async succeed(line, environment) {
      const result = await run(line, environment)
      assert.equal(result.exitCode, 0, result.errorOutput + result.output)
      return result
    },
    async clone() {
      const copy = projectIn(join(await scratchFolder(), 'project'))
      for (const name of ['aptroot.yaml', 'aptroot.lock', 'keys/test.asc'])
        await copy.write(name, await readFile(join(folder, name)))
      return copy
    },
    async digest() {
      const bytes = await readFile(join(folder, 'out/rootfs.tar'))
      await rm(join(folder, 'out'), { recursive: true })
      return createHash('sha256').update(bytes).digest('hex')
    },
  }
}
