import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ProgramResult, runAptroot } from './aptroot-program.ts'
import { packagesFile, type StanzaFields } from './packages-file.ts'
import { scratchFolder } from './scratch.ts'
import { signedSuite } from './signed-suite.ts'
import { makeTestKey } from './signing.ts'

type Stanzas = Readonly<Record<string, StanzaFields>>

export interface Publication {
  /** Further fields of the Release. */
  readonly fields?: Readonly<Record<string, string>>
  readonly arm64?: Stanzas
}

/** A folder with a signed archive of the test's making below `archive/`, and a manifest that locks from it. */
export interface SignedProject {
  readonly folder: string
  run(...commandLine: string[]): Promise<ProgramResult>
  read(name: string): string
  write(name: string, content: string | Uint8Array): void
  /** The archive's stanzas for amd64, instead of what it had. */
  publish(stanzas: Stanzas, more?: Publication): Promise<void>
  /** A manifest that wants these packages. */
  want(...packages: string[]): void
}

/** Inside the month in which the archive is signed. */
export const asOf = ['--as-of', '2026-01-20']

const key = await makeTestKey({ name: 'Archive' })

export async function signedProject(): Promise<SignedProject> {
  const folder = await scratchFolder()
  const write = (name: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return {
    folder,
    run: (...commandLine) => runAptroot(commandLine, { folder }),
    read: name => readFileSync(join(folder, name), 'utf8'),
    write,
    async publish(stanzas, { fields = {}, arm64 = {} } = {}) {
      const indexes = { 'main/binary-amd64': packagesFile(stanzas), 'main/binary-arm64': packagesFile(arm64) }
      const files = await signedSuite({ indexes, fields, keys: [key] })
      for (const [path, bytes] of Object.entries(files)) write(`archive/${path}`, bytes)
    },
    want(...packages) {
      write('keys/test.asc', key.toPublic().armor())
      write(
        'aptroot.yaml',
        `manifest: 1
architectures: [amd64]
archives:
  - id: test
    uri: file://${folder}/archive
    suites: [stable]
    components: [main]
    signed-by: keys/test.asc
base: none
packages: [${packages.join(', ')}]
image:
  configure: none
`,
      )
    },
  }
}

/** Two wanted packages may need one library. */
export const web = { 'nginx 1.22': { Depends: 'libssl3' }, 'libssl3 3.0.14': {}, 'curl 7.88': { Depends: 'libssl3' } }
