import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { type BuildRecord, writeBuildRecord } from '../../src/package-build/index.ts'
import { type Envelope, envelopeOf } from '../support/aptroot-program.ts'
import { buildDeb } from '../support/deb-builder.ts'
import { type LockedProject, projectWithArchive } from '../support/locked-project.ts'
import { clearSign, makeTestKey } from '../support/signing.ts'

/** Each run is a process. */
const timeout = 60_000

interface Built {
  readonly builds: readonly {
    readonly key: string
    readonly version?: string
    readonly built: boolean
    readonly from: string
    readonly changes?: readonly { readonly kind: string; readonly name: string; readonly change: string }[]
    readonly outputs: readonly { readonly name: string }[]
  }[]
}

/** A package whose build root has no shell: nothing can be built in it, so what comes out was there before. */
async function unbuildablePackage() {
  const project = await projectWithArchive()
  await project.write('package.yaml', 'package: 1\nname: tool\nversion: "1.0"\nsource: src\ncommand: make\n')
  await project.write('src/tool.c', 'int main;\n')
  await project.succeed('lock update --as-of 2026-01-20')
  return project
}

async function run(
  project: LockedProject,
  words = '',
): Promise<Envelope & { readonly build: Built['builds'][number] }> {
  const envelope = envelopeOf(await project.run(`package build --json ${words}`.trim()))
  const [build] = (envelope.result as Built | undefined)?.builds ?? []
  return { ...envelope, build: build ?? { key: '', built: false, from: '', outputs: [] } }
}

const warningsOf = (envelope: Envelope) => JSON.stringify((envelope as { readonly warnings?: unknown }).warnings)

describe('package build', () => {
  test(
    'wants a description, and says where',
    async () => {
      const project = await unbuildablePackage()
      const envelope = await run(project, 'src')
      assert.deepEqual([envelope.exitCode, envelope.fault?.code], [2, 'PACKAGE_MISSING'])
    },
    timeout,
  )

  test(
    'tells in a dry run what the key is made of, and what changes it',
    async () => {
      const project = await unbuildablePackage()
      const keyOf = async () => (await run(project, '--dry-run')).build.key
      const first = await keyOf()
      assert.match(first, /^[0-9a-f]{64}$/)
      await project.write(
        'package.yaml',
        '# told otherwise\npackage: 1\nname: tool\nversion: "1.0"\nsource: {path: src}\ncommand: make\n',
      )
      await project.write('out/old_1_all.deb', '')
      assert.equal(await keyOf(), first, 'neither words of the description nor outputs are inputs')
      await project.write('src/tool.c', 'int maim;\n')
      assert.notEqual(await keyOf(), first, 'one byte of the sources')
      await project.write('src/tool.c', 'int main;\n')
      await project.write(
        'aptroot.yaml',
        `${(await project.read('aptroot.yaml')).toString()}  source-date-epoch: 1700000000\n`,
      )
      assert.notEqual(await keyOf(), first, 'the time of the build root')
    },
    timeout,
  )

  test(
    'takes a build of others under the signature of a key that is trusted, and from then on its own store has it',
    async () => {
      const project = await unbuildablePackage()
      const { key } = (await run(project, '--dry-run')).build
      const signer = await makeTestKey({ name: 'Farm' })
      await project.write('farm.asc', signer.toPublic().armor())
      const deb = buildDeb({ control: { Package: 'tool', Version: '1.0' } })
      const sha256 = createHash('sha256').update(deb).digest('hex')
      const output = { name: 'tool_1.0_amd64.deb', sha256, sizeBytes: deb.length }
      const record: BuildRecord = { key, packageName: 'tool', version: '1.0', architecture: 'amd64', outputs: [output] }
      const text = writeBuildRecord(record)
      const name = createHash('sha256').update(`${key} 1.0`).digest('hex')
      const recordPath = `cache/package-builds-v1/records/${name.slice(0, 2)}/${name}.asc`
      const outputPath = `cache/package-builds-v1/outputs/${sha256.slice(0, 2)}/${sha256}`
      const flags = '--package-cache cache --package-cache-key farm.asc'
      await project.write(outputPath, deb)

      const signed = await clearSign(text, [signer])
      await project.write(recordPath, text)
      const unsigned = await run(project, flags)
      assert.equal(unsigned.exitCode, 8, 'without a signature it is built, which cannot succeed here')
      assert.match(warningsOf(unsigned), /not used/)
      await project.write(recordPath, signed)

      const taken = await run(project, flags)
      assert.deepEqual([taken.exitCode, taken.build.built, taken.build.from], [0, false, join(project.folder, 'cache')])
      assert.ok((await project.read('out/tool_1.0_amd64.deb')).equals(deb))
      const again = await run(project)
      assert.deepEqual([again.exitCode, again.build.built, again.build.from], [0, false, 'store'])
      assert.match((await project.succeed('package build --explain')).output, /nothing changed since the last build/)
      await project.write('src/new.c', '')
      const dry = await project.succeed('package build --dry-run')
      assert.match(dry.output, /would be built[\s\S]* source new\.c added/)
    },
    timeout,
  )

  test(
    'lets no description lead out of its folder, and no settings of a project name whose builds are believed',
    async () => {
      const project = await unbuildablePackage()
      await project.write('package.yaml', 'package: 1\nname: tool\nversion: "1.0"\nroot: ../aptroot.yaml\n')
      assert.equal((await run(project)).fault?.code, 'MANIFEST_PATH_OUTSIDE')
      await project.write('package.yaml', 'package: 1\nsource: src\n')
      assert.match((await run(project)).fault?.message ?? '', /nothing says which name/)
      for (const name of ['package-caches', 'package-cache-keys', 'revision-service', 'revision-token']) {
        await project.write('.aptroot/settings.yaml', `${name}: x\n`)
        assert.equal((await run(project)).fault?.code, 'SETTINGS_INVALID', name)
      }
    },
    timeout,
  )

  test(
    'wants a revision service where the version wants a revision',
    async () => {
      const project = await unbuildablePackage()
      const lines = 'package: 1\nname: tool\nversion: "1.0"\nsource: src\ncommand: make\n'
      await project.write('package.yaml', `${lines}version-template: "{version}+r{revision}"\n`)
      assert.match((await run(project)).fault?.message ?? '', /wants a revision, and no service is named/)
      assert.equal((await run(project, '--offline')).fault?.code, 'FETCH_OFFLINE')
      assert.equal((await run(project, '--dry-run')).build.version, undefined)
    },
    timeout,
  )
})
